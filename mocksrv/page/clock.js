// The world's clock: everything in it believes this time, and nothing waits for the real one.

import { post } from "./api.js";
import { attempt, button, field, h, say, utc } from "./dom.js";

export const title = "Clock";

const STEPS = [["− 1 day", -86400], ["− 1 h", -3600], ["+ 1 min", 60], ["+ 1 h", 3600], ["+ 1 day", 86400]];

function form(text, input, help, change) {
  return h("form", { class: "card inline", onsubmit: (event) => { event.preventDefault(); change(); } },
    field(text, input, help), h("button", { class: "main" }, "Apply"));
}

export function show(place, frame) {
  const [face, note] = [h("time", { class: "face" }), h("p", { class: "note" })];
  const freeze = button("Freeze", () => change({ freeze: !frame.now().frozen }), { class: "main" });
  const change = (body) => attempt(async () => {
    const state = await post("/clock", body);
    await frame.refresh();
    say(`It is ${utc(new Date(state.now))} UTC now.`);
    draw();
  });
  function draw() {
    const state = frame.now();
    if (!state) return;
    face.textContent = utc(state.time);
    note.textContent = `UTC, ${state.frozen ? "frozen" : `running at ${state.rate} × real time`}`
      + (state.skew ? `, with a skew of ${state.skew} s` : "");
    freeze.textContent = state.frozen ? "Let it run" : "Freeze";
  }
  const start = frame.now();
  const when = h("input", { type: "datetime-local", step: 1, required: true,
    value: start && utc(start.time).replace(" ", "T") });
  const skew = h("input", { type: "number", step: "any", required: true, value: start?.skew ?? 0 });
  const rate = h("input", { type: "number", step: "any", min: 0, required: true, value: start?.rate ?? 1 });
  place.append(
    h("div", { class: "card clockface" }, face, note,
      h("div", { class: "buttons" }, STEPS.map(([text, seconds]) => button(text, () => change({ advance: seconds }))), freeze)),
    h("div", { class: "cards" },
      form("Set to (UTC)", when, "A frozen clock stays frozen.", () => change({ set: `${when.value}Z` })),
      form("Skew, seconds", skew, "How far the server is wrong about the time; above 0 it is ahead.",
        () => change({ skew: Number(skew.value) })),
      form("Rate", rate, "1 is real time, 60 makes a minute of each second, 0 stands still.",
        () => change({ rate: Number(rate.value) }))));
  draw();
  const beat = setInterval(draw, 250);
  return () => clearInterval(beat);
}
