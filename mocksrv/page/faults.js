// What goes wrong in this world, own answers of operations, and the form that makes it so.

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

function pause({ uniform, lognormal }) {
  if (uniform) return `waits ${uniform[0]} to ${uniform[1]} s`;
  return lognormal && `waits ${lognormal[0]} s or so, log-normal with sigma ${lognormal[1]}`;
}

/** What an own answer says, in one line. */
function answered({ when, status, headers, json, text, file, hook }) {
  const body = [json !== undefined && JSON.stringify(json), text, file && `${file.name} (${file.bytes} bytes)`]
    .find((one) => typeof one === "string");
  const parts = [hook && `function ${hook}`, status, ...Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`), body];
  const line = parts.filter(Boolean).join("; ");
  return `answers ${when === "after" ? "after the operation" : "instead of the operation"}: ${line.length > 200 ? `${line.slice(0, 200)}...` : line}`;
}

function effect(fault) {
  const parts = [fault.answer && answered(fault.answer), fault.status && `status ${fault.status}`, fault.slow && `body takes ${fault.slow} s`,
    typeof fault.delay === "number" ? fault.delay && `waits ${fault.delay} s` : pause(fault.delay),
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
    status: ["Status", number({ min: 200, max: 599, placeholder: "unchanged" }), "with the vendor's own error"],
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
    answer: ["Own answer", h("textarea", { rows: 3, placeholder: '{"json": {"name": "Ada"}}', ...plain }),
      'JSON: "when" ("instead" or "after"), "status", "headers", and "json" or "text"; alone, without the effects of faults'],
    headers: ["Headers", h("textarea", { rows: 2, placeholder: "Retry-After: 7", ...plain }), "one a line, in the place of the answer's own"],
  } };
}

// How a delay is drawn, as the control plane calls it: what people call it, and the fields.
const DELAYS = {
  fixed: ["the same each time", "Delay, seconds"],
  uniform: ["between two", "At least, seconds", "At most, seconds"],
  lognormal: ["log-normal: a few much longer", "Median, seconds", "Spread (sigma)"],
};

/** The fields of a delay, of which those of the chosen kind show, and what reads them: null if they are empty. */
function delays() {
  const input = (label) => number({ min: 0, max: label.includes("sigma") ? 3 : 600, step: "any", placeholder: "0" });
  const controls = Object.fromEntries(Object.entries(DELAYS).map(([kind, [, ...labels]]) => [kind, labels.map(input)]));
  const fields = Object.fromEntries(Object.entries(DELAYS).map(([kind, [, ...labels]]) =>
    [kind, labels.map((label, at) => field(label, controls[kind][at]))]));
  const kind = choice({ onchange: draw }, Object.entries(DELAYS).map(([name, [text]]) => [name, text]));
  function draw() {
    for (const [name, group] of Object.entries(fields)) for (const one of group) one.hidden = name !== kind.value;
  }
  draw();
  const read = () => {
    const given = controls[kind.value].map((control) => control.value);
    if (given.every((value) => value === "")) return null;
    const [first, second] = given.map(Number);
    return kind.value === "fixed" ? first : { [kind.value]: [first, second] };
  };
  return { fields: [field("Delay", kind), ...Object.values(fields).flat()], read, draw };
}

/** `Name: value` lines as an object. */
function headers(text) {
  const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
  return Object.fromEntries(lines.map((line) => {
    const [, name, value] = line.match(/^([^:]+):(.*)$/) ?? [];
    if (!name) throw new Error(`A header is written as Name: value, not ${line}`);
    return [name.trim(), value.trim()];
  }));
}

function ownAnswer(text) {
  try { return JSON.parse(text); } catch (error) { throw new Error(`The own answer is no JSON: ${error.message}`); }
}

function addForm(operations, add, [vendor, operation]) {
  const { names, first, more } = members(operations);
  if (operation) { // as a link from an operation wants it
    first.vendor[1].value = vendor;
    first.operation[1].value = operation;
  }
  const after = h("input", { type: "checkbox", id: "after" });
  const delay = delays();
  const read = () => {
    const fault = after.checked ? { after: true } : {};
    for (const [key, [, control]] of Object.entries({ ...first, ...more })) {
      if (control.value !== "") fault[key] = control.type === "number" ? Number(control.value) : control.value;
    }
    if (fault.answer !== undefined) fault.answer = ownAnswer(fault.answer);
    if (fault.headers !== undefined) fault.headers = headers(fault.headers);
    const drawn = delay.read();
    return drawn === null ? fault : { ...fault, delay: drawn };
  };
  const submit = (event) => {
    event.preventDefault();
    add(read, event.target);
  };
  const group = (part) => h("div", { class: "fields" }, Object.values(part).map((one) => field(...one)));
  return h("form", { class: "card form", onsubmit: submit, onreset: () => setTimeout(delay.draw), "aria-labelledby": "add-fault" },
    h("h2", { id: "add-fault" }, "Add a fault"), names, group(first),
    h("div", { class: "fields" }, delay.fields),
    h("details", {}, h("summary", {}, "More"), group(more), h("div", { class: "check" }, after,
      h("label", { for: "after" }, "The connection breaks after the work is done"))),
    h("button", { class: "main" }, "Add"));
}

export async function show(place, _frame, wanted) {
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
  const add = (read, form) => run("The fault is set.", async () => { await post("/faults", read()); form.reset(); });
  place.append(list, clear, addForm(await get("/operations"), add, wanted));
  await draw();
  const beat = setInterval(() => { if (!list.contains(document.activeElement)) draw().catch(() => {}); }, 3000);
  return () => clearInterval(beat);
}
