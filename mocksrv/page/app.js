// The frame: which world, which view, what time it is there.

import { get, pageOf, world } from "./api.js";
import { attempt, h, utc } from "./dom.js";
import { follow, rest } from "./record.js";
import * as clock from "./clock.js";
import * as faults from "./faults.js";
import * as journal from "./journal.js";
import * as operations from "./operations.js";
import * as outbox from "./outbox.js";
import * as scenarios from "./scenarios.js";
import * as settings from "./settings.js";
import * as start from "./start.js";
import * as tables from "./tables.js";
import * as worlds from "./worlds.js";

const VIEWS = { start, journal, worlds, tables, clock, faults, outbox, scenarios, operations, settings };
const byId = (id) => document.getElementById(id);

let leave = null; // what ends the present view
let shown = 0;
let list = []; // the worlds
let address = location.pathname; // to tell a step to another world from one to another view
let read = 0; // when they were read, by this page's own watch

/** What views may ask of the frame. */
const frame = {
  worlds: () => list,
  now: () => {
    const state = list.find((one) => one.name === world())?.clock;
    const passed = state && !state.frozen ? (performance.now() - read) * state.rate : 0;
    return state && { ...state, time: new Date(Date.parse(state.now) + passed) };
  },
  refresh,
  go,
  restart: () => follow(connected),
};

function pace({ frozen, rate, skew }) {
  const words = [frozen ? "frozen" : rate !== 1 && `× ${rate}`, skew && `${skew > 0 ? "+" : ""}${skew} s`];
  return words.filter(Boolean).join(", ");
}

function tick() {
  const state = frame.now();
  if (!state) return;
  byId("now").textContent = `${utc(state.time)} UTC`;
  byId("pace").textContent = pace(state);
}

/** Read the worlds and their clocks again. */
async function refresh() {
  const fresh = await get("/worlds", { name: "default" }).catch(() => null);
  if (!fresh) return;
  [list, read] = [fresh, performance.now()];
  const select = byId("world");
  const names = new Set([...list.map((one) => one.name), world()]);
  if ([...select.options].map((option) => option.value).join() !== [...names].join()) {
    select.replaceChildren(...[...names].map((name) => h("option", { value: name }, name)));
  }
  select.value = world();
  tick();
}

/** Make sure that the world is there, and read what time it is in it. */
async function enter() {
  await attempt(() => get("/clock"));
  await refresh();
}

function connected(yes) {
  byId("live").textContent = yes ? "live" : "not connected";
  byId("live").classList.toggle("off", !yes);
}

/** Show the view that the address names. */
async function show(focus) {
  const mine = (shown += 1);
  const [name, ...rest] = location.hash.replace(/^#\/?/, "").split("/");
  const key = Object.hasOwn(VIEWS, name) ? name : "start";
  leave?.();
  leave = null;
  for (const link of byId("nav").querySelectorAll("a")) {
    link.toggleAttribute("aria-current", false);
    if (link.dataset.view !== key) continue;
    link.setAttribute("aria-current", "page");
    byId("nav").scrollLeft = link.offsetLeft - byId("nav").clientWidth / 2; // on a phone it is one line that moves
  }
  document.title = `${VIEWS[key].title} · ${world()} · mocksrv`;
  const place = h("div", { class: `view ${key}` }, h("h1", {}, VIEWS[key].title));
  const ended = await attempt(() => VIEWS[key].show(place, frame, rest.map(decodeURIComponent)));
  if (mine !== shown) { // another view was asked for meanwhile
    ended?.();
    return;
  }
  leave = ended;
  byId("main").replaceChildren(place);
  byId("main").dataset.view = key;
  if (!focus) return;
  byId("main").focus({ preventScroll: true }); // it begins below the header, which is to stay in sight
  scrollTo(0, 0);
}

/** Turn to another world, without leaving the page: the token stays. */
async function go(name) {
  if (name !== world()) history.pushState(null, "", pageOf(name) + location.hash);
  address = location.pathname;
  follow(connected);
  await enter();
  await show(true);
}

function begin() {
  byId("nav").append(...Object.entries(VIEWS).map(([key, view]) => h("li", {},
    h("a", { href: `#/${key}`, "data-view": key }, view.title))));
  byId("world").addEventListener("change", (event) => go(event.target.value));
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // the part behind # names the view
    byId("main").focus();
  });
  addEventListener("popstate", () => {
    if (address !== location.pathname) go(world());
  });
  addEventListener("hashchange", () => { if (location.hash.startsWith("#/")) show(true); });
  // Who is not looked at, or kept for the way back, leaves the connection to others.
  const looked = () => (document.hidden ? rest() : follow(connected));
  document.addEventListener("visibilitychange", looked);
  addEventListener("pagehide", rest);
  addEventListener("pageshow", (event) => { if (event.persisted) looked(); });
  looked();
  enter().then(() => show(false));
  setInterval(tick, 500);
  setInterval(refresh, 3000);
}

begin();
