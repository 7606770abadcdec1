// What is simulated, how sure we are of it, and how often it was called here.

import { address, get } from "./api.js";
import { choice, data, field, grid, h } from "./dom.js";
import { calls, listen } from "./record.js";

export const title = "Operations";

const PROOFS = { assumed: "our choice where nothing is known", docs: "the vendor's documentation",
  source: "the vendor's code or clients", recorded: "answers of a real server", live: "the real server" };

const COLUMNS = ["Method", "Path", ["Name", "roomy"], "Proof", ["Permission", "roomy"], ["Calls", "number"]];

function proofOf({ proof, source }) {
  return [h("span", { class: `badge proof-${proof.level}`, title: [PROOFS[proof.level], source].filter(Boolean).join(": ") }, proof.level),
    proof.stale && " ", proof.stale && h("span", { class: "tag", title: "older than 90 days" }, "stale"),
    [proof.version, proof.date].filter(Boolean).map((one) => h("span", { class: "what whole" }, one))];
}

function operationRow(one, count) {
  const permission = [one.permission].flat().filter(Boolean).join(", ");
  return h("tr", { class: count && "used" },
    h("td", {}, h("span", { class: "method" }, one.method)),
    h("td", { class: "wide" }, data(one.path), h("span", { class: "what" }, one.summary),
      (one.since || one.until) && h("span", { class: "tag" }, [one.since && `since ${one.since}`, one.until && `until ${one.until}`].filter(Boolean).join(" ")),
      !one.simulated && h("span", { class: "tag" }, "not simulated")),
    h("td", { class: "roomy" }, one.vendor, ".", h("wbr", {}), one.name),
    h("td", {}, proofOf(one)),
    h("td", { class: "roomy" }, permission),
    h("td", { class: "number" }, count ? String(count) : "–"));
}

// The documents open as they are served, for tools that read OpenAPI.
function documents(vendors) {
  const link = (text, path) => [" ", h("a", { href: address(path), target: "_blank", rel: "noopener" }, text)];
  return h("p", {}, "OpenAPI documents:", vendors.map((one) => link(one, `/openapi/${one}.json`)),
    link("the control plane", "/openapi.json"));
}

export async function show(place) {
  const operations = await get("/operations");
  const [list, sum] = [h("div", {}), h("p", { role: "status" })];
  const text = h("input", { type: "search", oninput: draw, placeholder: "path or name" });
  const vendors = [...new Set(operations.map((one) => one.vendor))];
  const vendor = choice({ onchange: draw }, [["", "all"], ...vendors]);
  const proof = choice({ onchange: draw }, [["", "any"], ...Object.keys(PROOFS)]);
  const used = h("input", { type: "checkbox", id: "used", onchange: draw });
  const stale = h("input", { type: "checkbox", id: "stale", onchange: draw });
  function draw() {
    const counts = calls();
    const count = (one) => counts.get(`${one.vendor}.${one.name}`) ?? 0;
    const found = operations.filter((one) => [one.vendor, ""].includes(vendor.value) && [one.proof.level, ""].includes(proof.value)
      && (!stale.checked || one.proof.stale) && (!used.checked || count(one)) && `${one.path} ${one.name} ${one.summary}`.toLowerCase().includes(text.value.toLowerCase()));
    const called = operations.filter(count);
    const weak = called.filter((one) => ["docs", "assumed"].includes(one.proof.level)).length;
    const old = called.filter((one) => one.proof.stale).length;
    sum.textContent = `${found.length} of ${operations.length} operations. In this world ${called.length} were called, `
      + `as far as its journal goes back; ${weak} of those rest on documentation or assumptions only`
      + `${old ? `, and the proof of ${old} is stale` : ""}.`;
    list.replaceChildren(grid("Operations", COLUMNS,
      found.map((one) => operationRow(one, count(one))), "No operation matches."));
  }
  place.append(h("div", { class: "bar" }, field("Find", text), field("Vendor", vendor), field("Proof", proof),
    h("div", { class: "check" }, used, h("label", { for: "used" }, "Called here only")),
    h("div", { class: "check" }, stale, h("label", { for: "stale" }, "Stale only"))), sum, list, documents(vendors));
  draw();
  let waiting = null;
  const deaf = listen(() => { waiting ??= setTimeout(() => { waiting = null; draw(); }, 500); });
  return () => { deaf(); clearTimeout(waiting); };
}
