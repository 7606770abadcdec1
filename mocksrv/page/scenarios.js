// Troubles that real clients have had, ready to be put into this world.

import { get, post, world } from "./api.js";
import { attempt, button, h, say } from "./dom.js";

export const title = "Scenarios";

export async function show(place, frame) {
  const apply = (name) => attempt(async () => {
    await post(`/scenarios/${encodeURIComponent(name)}`, {});
    await frame.refresh();
    say(`${world()} has ${name} now.`);
  });
  const card = ({ name, symptom, advice }) => h("article", { class: "card" }, h("h2", {}, name), h("p", {}, symptom),
    h("p", { class: "advice" }, h("strong", {}, "What a client should do: "), advice),
    button("Put into this world", () => apply(name), { class: "main", "aria-label": `Put ${name} into this world` }));
  place.append(h("p", {}, "Reset the world to be rid of them; those that are faults can be removed one by one under ",
    h("a", { href: "#/faults" }, "Faults"), "."),
  h("div", { class: "cards" }, (await get("/scenarios")).map(card)));
}
