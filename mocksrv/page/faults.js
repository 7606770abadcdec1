// What goes wrong in this world, and the form that makes it so.

import { get, post, remove } from "./api.js";
import { attempt, button, choice, data, field, grid, h, say } from "./dom.js";

export const title = "Faults";

const ANY = ["", "any"];
const number = (props) => h("input", { type: "number", step: 1, ...props });
const AIM = ["vendor", "operation", "method", "path", "caller"];

function aim(fault) {
  const parts = AIM.filter((key) => fault[key]).map((key) => `${key} ${fault[key]}`);
  if (fault.nth) parts.push(`call ${fault.nth} only`);
  if (fault.times) parts.push(fault.times === 1 ? "once" : `${fault.times} times`);
  if (fault.probability < 1) parts.push(`${+(fault.probability * 100).toFixed(2)} % of calls`);
  return parts.join(", ") || "every call";
}

function effect(fault) {
  const parts = [fault.status && `status ${fault.status}`, fault.slow && `body takes ${fault.slow} s`,
    typeof fault.delay === "number" ? fault.delay && `waits ${fault.delay} s` : `waits ${JSON.stringify(fault.delay)} s`,
    fault.connection && `connection: ${fault.connection}${fault.after ? ", after the work is done" : ""}`,
    fault.cut_after !== null && `cut after ${fault.cut_after} chunks`,
    fault.content_type && `content type ${fault.content_type}`,
    ...Object.entries(fault.headers).map(([name, value]) => `${name}: ${value}`)];
  return parts.filter(Boolean).join("; ");
}

const faultRow = (fault, drop) => h("tr", {}, h("td", { class: "number roomy" }, String(fault.id)), h("td", { class: "id" }, data(aim(fault))),
  h("td", { class: "wide" }, data(effect(fault))), h("td", { class: "number" }, `${fault.hits} of ${fault.seen}`),
  h("td", { class: "buttons" }, button("Remove", () => drop(fault.id), { "aria-label": `Remove fault ${fault.id}` })));

/** The members of a fault: name -> [label, control, help]. */
function members(operations) {
  const names = h("datalist", { id: "operation-names" });
  const vendors = [...new Set(operations.map((one) => one.vendor))];
  const suggest = () => names.replaceChildren(...operations
    .filter((one) => [one.vendor, ""].includes(vendor.value)).map((one) => h("option", { value: one.name }, one.summary)));
  const vendor = choice({ onchange: suggest }, [ANY, ...vendors]);
  suggest();
  const plain = { autocomplete: "off", spellcheck: "false" };
  return { names, first: {
    vendor: ["Vendor", vendor],
    operation: ["Operation", h("input", { list: "operation-names", placeholder: "any", ...plain })],
    status: ["Status", number({ min: 100, max: 599, placeholder: "unchanged" }), "with the vendor's own error"],
    delay: ["Delay, seconds", number({ min: 0, max: 600, step: "any", placeholder: "0" })],
    connection: ["Connection", choice({}, [["", "holds"], "reset", "empty", "truncate", "garbage"])],
    times: ["How often", number({ min: 1, placeholder: "always" })],
  }, more: {
    method: ["Method", choice({}, [ANY, "GET", "POST", "PUT", "PATCH", "DELETE"])],
    path: ["Path", h("input", { placeholder: "/a/*/case/*", ...plain }), "* and ? stand for anything"],
    caller: ["Caller", h("input", { placeholder: "any", ...plain }), "as the journal names it"],
    nth: ["Only call number", number({ min: 1, placeholder: "each" })],
    probability: ["Probability", number({ min: 0, max: 1, step: "any", placeholder: "1" })],
    slow: ["Body takes, seconds", number({ min: 0, max: 600, step: "any", placeholder: "0" })],
    cut_after: ["Cut a stream after", number({ min: 0, placeholder: "never" }), "chunks"],
    content_type: ["Content type", h("input", { placeholder: "unchanged", ...plain })],
  } };
}

function addForm(operations, add) {
  const { names, first, more } = members(operations);
  const after = h("input", { type: "checkbox", id: "after" });
  const submit = (event) => {
    event.preventDefault();
    const fault = after.checked ? { after: true } : {};
    for (const [key, [, control]] of Object.entries({ ...first, ...more })) {
      if (control.value !== "") fault[key] = control.type === "number" ? Number(control.value) : control.value;
    }
    add(fault, event.target);
  };
  const group = (part) => h("div", { class: "fields" }, Object.values(part).map((one) => field(...one)));
  return h("form", { class: "card form", onsubmit: submit, "aria-labelledby": "add-fault" },
    h("h2", { id: "add-fault" }, "Add a fault"), names, group(first),
    h("details", {}, h("summary", {}, "More"), group(more), h("div", { class: "check" }, after,
      h("label", { for: "after" }, "The connection breaks after the work is done"))),
    h("button", { class: "main" }, "Add"));
}

export async function show(place) {
  const list = h("div", {});
  const run = (text, work) => attempt(async () => { await work(); say(text); await draw(); });
  const drop = (id) => run(`Fault ${id} is removed.`, () => remove(`/faults/${id}`));
  const clear = button("Remove all", () => run("No faults any more.", () => remove("/faults")), { class: "danger" });
  async function draw() {
    const faults = await get("/faults");
    clear.hidden = !faults.length;
    const focused = list.contains(document.activeElement);
    list.replaceChildren(grid("Faults", [["No.", "number roomy"], "Aimed at", "What goes wrong", ["Hits", "number"], "Actions"],
      faults.map((fault) => faultRow(fault, drop)), "Nothing goes wrong in this world."));
    if (focused) place.querySelector("h1").focus();
  }
  const add = (fault, form) => run("The fault is set.", async () => { await post("/faults", fault); form.reset(); });
  place.append(list, clear, addForm(await get("/operations"), add));
  await draw();
  const beat = setInterval(() => { if (!list.contains(document.activeElement)) draw().catch(() => {}); }, 3000);
  return () => clearInterval(beat);
}
