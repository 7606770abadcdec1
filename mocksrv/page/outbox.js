// What the services send by themselves, and what becomes of it.

import { get, post, remove } from "./api.js";
import { attempt, button, data, grid, h, indent, say } from "./dom.js";

export const title = "Outbox";

const OPEN = ["waiting", "held"];

/** What was sent and what came back, each with its headers. */
function message(name, { headers, body }) {
  const lines = headers.map(([key, value]) => `${key}: ${value}`).join("\n");
  return [h("h2", {}, name), h("pre", { tabindex: "0" }, data(`${lines}\n\n${indent(body)}`))];
}

function callRow(call, decide) {
  const end = call.error ?? call.status ?? `due ${call.due.slice(0, 19).replace("T", " ")}`;
  const buttons = OPEN.includes(call.state) && [
    button("Deliver", () => decide(call.id, "deliver", {}), { "aria-label": `Deliver call ${call.id}` }),
    button("Fail", () => decide(call.id, "fail", {}), { "aria-label": `Fail call ${call.id}` })];
  return h("tr", {}, h("td", { class: "number roomy" }, String(call.id)), h("td", {}, call.created.slice(0, 19).replace("T", " ")),
    h("td", {}, call.state), h("td", { class: "id" }, data(`${call.kind}, attempt ${call.attempt}`)),
    h("td", { class: "wide" }, h("details", {}, h("summary", {}, data(`${call.method} ${call.url}`)), h("p", {}, data(call.about)),
      message("Sent", call.request), OPEN.includes(call.state) ? null : message("Came back", call.response))),
    h("td", {}, data(end)), h("td", { class: "buttons" }, buttons));
}

export async function show(place) {
  const list = h("div", {});
  const run = (text, work) => attempt(async () => { await work(); say(text); await draw(); });
  const decide = (id, what, body) => run(`Call ${id}: ${what}.`, () => post(`/outbox/${id}/${what}`, body));
  const hold = button("Hold all calls", () => run("All calls are held.", () => post("/outbox", { hold: true })));
  const release = button("Let calls go", () => run("Calls go where they may.", () => post("/outbox", { hold: false })));
  const clear = button("Forget all calls", () => run("No calls any more.", () => remove("/outbox")), { class: "danger" });
  let seen = "";
  async function draw() {
    const calls = await get("/outbox?limit=200");
    if (JSON.stringify(calls) === seen) return;
    seen = JSON.stringify(calls);
    clear.hidden = !calls.length;
    const focused = list.contains(document.activeElement);
    list.replaceChildren(grid("Calls", [["No.", "number roomy"], "Made", "State", "What", "Where to", "End", "Actions"],
      calls.reverse().map((call) => callRow(call, decide)), "Nothing was sent in this world."));
    if (focused) place.querySelector("h1").focus();
  }
  place.append(h("p", { class: "note" }, "Calls to this machine are made; all others are held until somebody decides about them."),
    list, h("div", { class: "buttons" }, hold, release, clear));
  await draw();
  const beat = setInterval(() => { if (!list.contains(document.activeElement)) draw().catch(() => {}); }, 3000);
  return () => clearInterval(beat);
}
