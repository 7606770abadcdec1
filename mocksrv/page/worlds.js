// Worlds and snapshots of them.

import { call, get, pageOf, post, remove, world } from "./api.js";
import { ask, attempt, button, choice, field, grid, h, say, utc } from "./dom.js";

export const title = "Worlds";

const NAME = { required: true, pattern: "[\\w.\\-]{1,64}", autocomplete: "off", spellcheck: "false",
  title: "1 to 64 letters, digits, dots, dashes or underscores" };
const SIZES = [["", "as the server"], ["empty", "empty (accounts only)"], "small", "medium"];

/** Bytes beside the seeded data. */
const size = (bytes) => (bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

function worldRow(one, act, frame) {
  const here = one.name === world();
  const link = h("a", { href: pageOf(one.name), "aria-current": here && "true",
    onclick: (event) => { event.preventDefault(); frame.go(one.name); } }, one.name);
  return h("tr", { class: here && "chosen" },
    h("td", { class: "wide" }, link, here && h("span", { class: "tag" }, "shown here")),
    h("td", { class: "roomy time" }, h("code", {}, one.prefix || "/")),
    h("td", { class: "roomy time" }, utc(new Date(one.clock.now))),
    h("td", { class: "number" }, String(one.exchanges)),
    h("td", { class: "number roomy" }, size(one.bytes)),
    h("td", { class: "buttons" },
      button("Reset", () => act.reset(one.name), { "aria-label": `Reset ${one.name}` }),
      button("Fork", () => act.fork(one.name), { "aria-label": `Fork ${one.name}` }),
      one.name !== "default" && button("Delete", () => act.drop(one.name), { "aria-label": `Delete ${one.name}`, class: "danger" })));
}

function snapshotRow({ name, world: origin, clock, bytes }, act) {
  return h("tr", {}, h("td", { class: "wide" }, h("code", { class: "data" }, name)), h("td", {}, origin),
    h("td", { class: "roomy time" }, utc(new Date(clock.now))), h("td", { class: "number roomy" }, size(bytes)),
    h("td", { class: "buttons" },
      button("Restore", () => act.restore(name), { "aria-label": `Restore ${name} into this world` }),
      button("Download", () => act.download(name), { "aria-label": `Download ${name}` }),
      button("Delete", () => act.forget(name), { "aria-label": `Delete snapshot ${name}`, class: "danger" })));
}

/** Send a file that was downloaded before. */
async function upload(file) {
  const text = await file.text();
  const name = file.name.replace(/\.json$/, "");
  await call(`/snapshots/${encodeURIComponent(name)}`, { method: "PUT", body: text });
  return name;
}

/** Save a file: the address alone would not carry the token. */
async function download(name) {
  const blob = await (await call(`/snapshots/${encodeURIComponent(name)}`)).blob();
  const link = h("a", { href: URL.createObjectURL(blob), download: `${name}.json` });
  link.click();
  URL.revokeObjectURL(link.href);
}

function actions(done, frame) {
  const path = (name) => `/snapshots/${encodeURIComponent(name)}`;
  const run = (text, work) => attempt(async () => { await work(); say(text); await done(); });
  const renewed = (name) => name === world() && frame.restart();
  return {
    run,
    reset: async (name) => await ask({ title: `Reset ${name}?`, action: "Reset",
      text: "It begins again with the seeded data. Its journal, faults and clock go too." })
      && run(`${name} begins again.`, async () => { await post("/reset", {}, name); renewed(name); }),
    fork: async (name) => {
      const made = await ask({ title: `Fork ${name}`, label: "Name of the copy", action: "Fork" });
      if (made) await run(`${made} is a copy of ${name}.`, () => post("/worlds", { name: made, fork: name }));
    },
    drop: async (name) => await ask({ title: `Delete ${name}?`, action: "Delete", text: "All that is in it is lost." })
      && run(`${name} is gone.`, async () => {
        await remove(`/worlds/${encodeURIComponent(name)}`, "default");
        if (name === world()) await frame.go("default");
      }),
    restore: (name) => run(`${world()} is now as ${name} was.`, async () => {
      await post(`${path(name)}/restore`, {});
      frame.restart();
    }),
    download: (name) => attempt(() => download(name)),
    upload: (file) => attempt(async () => {
      const name = await upload(file);
      say(`The snapshot ${name} is here again.`);
      await done();
    }),
    forget: async (name) => await ask({ title: `Delete the snapshot ${name}?`, action: "Delete" })
      && run(`The snapshot ${name} is gone.`, () => remove(path(name))),
  };
}

function makeForm(troubles, act) {
  const name = h("input", NAME);
  const seed = h("input", { type: "number", min: 0, step: 1, placeholder: "as the server" });
  const size = choice({}, SIZES);
  const scenario = choice({}, [["", "none"], ...troubles.map((one) => one.name)]);
  const make = (event) => {
    event.preventDefault();
    const body = { name: name.value };
    if (seed.value) body.seed = Number(seed.value);
    if (size.value) body.size = size.value;
    if (scenario.value) body.scenario = scenario.value;
    act.run(`${name.value} is made.`, async () => { await post("/worlds", body); event.target.reset(); });
  };
  return h("form", { class: "card form", onsubmit: make, "aria-labelledby": "make-world" },
    h("h2", { id: "make-world" }, "Make a world"),
    h("p", {}, "Or just use it: any new name in ", h("code", {}, "/~name/"), " is a world. A name that is there begins anew."),
    h("div", { class: "fields" }, field("Name", name), field("Seed", seed), field("Size", size), field("Scenario", scenario)),
    h("button", { class: "main" }, "Make"));
}

function keepForm(act) {
  const label = h("input", NAME);
  return h("form", { class: "inline", onsubmit: (event) => {
    event.preventDefault();
    act.run(`Kept as ${label.value}.`, async () => { await post("/snapshots", { name: label.value }); event.target.reset(); });
  } }, field(`Keep ${world()} under the name`, label), h("button", { class: "main" }, "Keep"),
  field("Or bring a downloaded one", h("input", { type: "file", accept: ".json",
    onchange: (event) => event.target.files.length && act.upload(event.target.files[0]) })));
}

export async function show(place, frame) {
  const [list, kept] = [h("div", {}), h("div", {})];
  const act = actions(draw, frame);
  async function draw() {
    const [snapshots] = await Promise.all([get("/snapshots"), frame.refresh()]);
    list.replaceChildren(grid("Worlds", ["Name", ["Prefix", "roomy"], ["Its time", "roomy"], ["Exchanges", "number"], ["Holds", "number roomy"], "Actions"],
      frame.worlds().map((one) => worldRow(one, act, frame)), ""));
    kept.replaceChildren(grid("Snapshots", ["Name", "Of", ["Its time", "roomy"], ["Holds", "number roomy"], "Actions"],
      snapshots.map((one) => snapshotRow(one, act)), "None yet. A snapshot keeps documents, clock and generator of a world."));
  }
  place.append(list, makeForm(await get("/scenarios"), act),
    h("h2", {}, "Snapshots"), kept, keepForm(act));
  await draw();
}
