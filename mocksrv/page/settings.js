// What each vendor has to set, in this world alone.

import { get, post } from "./api.js";
import { attempt, choice, field, h, say } from "./dom.js";

export const title = "Settings";

function control(known, change) {
  const { setting, value, choices } = known;
  const onchange = (event) => change(setting, typeof value === "boolean" ? event.target.value === "true" : event.target.value, event.target);
  let made;
  if (choices.length) made = choice({ onchange }, choices);
  else if (typeof value === "boolean") made = choice({ onchange }, [["true", "yes"], ["false", "no"]]);
  else made = h("input", { onchange, autocomplete: "off", spellcheck: "false",
    ...(typeof value === "number" && { type: "number", step: "any" }) });
  made.value = String(value);
  made.name = setting;
  return made;
}

const word = (value) => (value === true ? "yes" : value === false ? "no" : value === "" ? "nothing" : String(value));

export async function show(place) {
  const known = await get("/settings/known");
  const present = Object.fromEntries(known.map((one) => [one.setting, one.value]));
  const change = async (setting, value, input) => {
    const now = await attempt(() => post("/settings", { [setting]: value }));
    if (now) {
      present[setting] = now[setting];
      say(`${setting} is ${word(now[setting])} now.`);
    }
    input.value = String(present[setting]); // as the server took it, or as it was
  };
  const part = (vendor) => h("section", { class: "card form" }, h("h2", {}, vendor),
    h("div", { class: "fields" }, known.filter((one) => one.setting.startsWith(`${vendor}.`)).map((one) =>
      field(one.setting.slice(vendor.length + 1), control(one, change), `${one.help}; default: ${word(one.default)}`))));
  place.append(h("p", {}, "A change holds at once, in this world only."),
    ...[...new Set(known.map((one) => one.setting.split(".")[0]))].map(part));
}
