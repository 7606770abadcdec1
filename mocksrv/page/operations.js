// What is simulated, how sure we are of it, and how often it was called here.

import { address, get } from "./api.js";
import { callOf } from "./curl.js";
import { choice, copier, data, field, grid, h } from "./dom.js";
import { calls, listen } from "./record.js";
import { declared, rendered } from "./schema.js";

export const title = "Operations";

const PROOFS = { assumed: "our choice where nothing is known", docs: "the vendor's documentation",
  source: "the vendor's code or clients", recorded: "answers of a real server", live: "the real server" };

const COLUMNS = [["Method", "roomy"], "Path", ["Name", "roomy"], "Proof", ["Permission", "roomy"], ["Calls", "number"]];

function proofOf({ proof, source }) {
  return [h("span", { class: `badge proof-${proof.level}`, title: [PROOFS[proof.level], source].filter(Boolean).join(": ") }, proof.refusals ? `${proof.level} (refusals)` : proof.level),
    proof.stale && " ", proof.stale && h("span", { class: "tag", title: "older than 90 days" }, "stale"),
    [proof.version, proof.date].filter(Boolean).map((one) => h("span", { class: "what whole" }, one))];
}

const link = (...names) => `#/operations/${names.map(encodeURIComponent).join("/")}`;

/** The releases that have an operation, where not all have it. */
const held = ({ since, until, instead }) => [since && `since ${since}`, until && `until ${until}`, instead && `instead of ${instead}`].filter(Boolean).join(" ");

function operationRow(one, count) {
  const permission = [one.permission].flat().filter(Boolean).join(", ");
  return h("tr", { class: count && "used" },
    h("td", { class: "roomy" }, h("span", { class: "method" }, one.method)),
    h("td", { class: "wide" }, h("span", { class: "method narrow" }, `${one.method} `), h("a", { href: link(one.vendor, one.name) }, data(one.path)), h("span", { class: "what" }, one.summary),
      held(one) && h("span", { class: "tag" }, held(one)),
      !one.simulated && h("span", { class: "tag" }, "not simulated")),
    h("td", { class: "roomy" }, one.vendor, ".", h("wbr", {}), one.name),
    h("td", {}, proofOf(one)),
    h("td", { class: "roomy" }, permission),
    h("td", { class: "number" }, count ? String(count) : "–"));
}

// The documents open as they are served, for tools that read OpenAPI.
function documents(vendors) {
  const lead = (text, path) => [" ", h("a", { href: address(path), target: "_blank", rel: "noopener" }, text)];
  return h("p", {}, "OpenAPI documents:", vendors.map((one) => lead(one, `/openapi/${one}.json`)),
    lead("the control plane", "/openapi.json"));
}

async function oneOperation(place, vendor, name) {
  const [operations, document] = await Promise.all([get("/operations"), get(`/openapi/${encodeURIComponent(vendor)}.json`)]);
  const known = operations.find((one) => one.vendor === vendor && one.name === name);
  const found = declared(document, name);
  place.append(h("p", {}, h("a", { href: link(vendor) }, `All operations of ${vendor}`)));
  if (!known || !found) {
    place.append(h("p", { class: "empty" }, known ? `The release that this world runs does not have it: ${held(known)}.`
      : "There is no operation of that name."));
    return;
  }
  const facts = [["Name", data(`${vendor}.${name}`)], ["Also as", known.aliases.length > 0 && known.aliases.map((other) => [data(other), " "])],
    ["Permission", [known.permission].flat().filter(Boolean).join(", ")], ["Releases", held(known)], ["Proof", proofOf(known)], ["Source", known.source]];
  place.append(
    h("h2", {}, h("span", { class: "method" }, known.method), " ", data(known.path), !known.simulated && h("span", { class: "tag" }, "not simulated")),
    h("p", {}, known.summary),
    h("dl", { class: "facts" }, facts.filter(([, value]) => value && value.length !== 0)
      .map(([label, value]) => h("div", {}, h("dt", {}, label), h("dd", {}, value)))),
    h("p", { class: "buttons" }, h("a", { class: "button", href: `#/faults/${encodeURIComponent(vendor)}/${encodeURIComponent(name)}` }, "Add a fault here"),
      copier("as curl", () => callOf(vendor, document, found), {}, "Copy as curl")),
    ...rendered(document, found[2]).flat().filter(Boolean));
}

async function manyOperations(place, only) {
  const operations = await get("/operations");
  const [list, sum] = [h("div", {}), h("p", { role: "status" })];
  const text = h("input", { type: "search", oninput: draw, placeholder: "path or name" });
  const vendors = [...new Set(operations.map((one) => one.vendor))];
  const vendor = choice({ onchange: draw }, [["", "all"], ...vendors]);
  const proof = choice({ onchange: draw }, [["", "any"], ...Object.keys(PROOFS)]);
  if (vendors.includes(only)) vendor.value = only;
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

export const show = (place, _frame, [vendor, name]) => (name === undefined ? manyOperations(place, vendor) : oneOperation(place, vendor, name));
