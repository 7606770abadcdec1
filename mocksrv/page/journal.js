// What was asked and answered, as it happens, with the reason for every no.

import { address, remove } from "./api.js";
import { curlOf } from "./curl.js";
import { attempt, button, choice, copier, data, field, grid, h, indent, say } from "./dom.js";
import { milliseconds, plots } from "./plot.js";
import { all, listen } from "./record.js";

export const title = "Journal";

const SHOWN = 200;
const COLUMNS = ["Status", "Request", ["Operation", "roomy"], ["Caller", "roomy"], ["Took", "number"], ["At", "roomy"]];
const STATUS = [["", "any"], ["2", "2xx done"], ["3", "3xx elsewhere"], ["4", "4xx refused"], ["5", "5xx failed"]];

export const badge = (status) => h("span", { class: `badge s${String(status)[0]}` }, String(status));

/** The path within this world, and the query. */
const parts = (entry) => {
  const [, whole, query] = entry.target.match(/^([^?]*)(.*)$/s);
  const own = address("").replace(/\/_mocksrv$/, "");
  return [whole.startsWith(`${own}/`) ? whole.slice(own.length) : whole, query];
};

const path = (entry) => parts(entry)[0];

function target(entry) {
  const [whole, query] = parts(entry);
  return data(whole, {}, query && h("span", { class: "query" }, query));
}

function row(entry, chosen, choose) {
  const open = button("", () => choose(entry), { class: "link", "aria-pressed": String(chosen === entry.id) });
  open.append(h("span", { class: "method" }, entry.method), " ", target(entry));
  return h("tr", { class: chosen === entry.id && "chosen", "data-id": entry.id },
    h("td", {}, badge(entry.status)),
    h("td", { class: "wide" }, open,
      entry.diagnosis.length > 0 && h("span", { class: "why" }, entry.diagnosis[0])),
    h("td", { class: "roomy" }, entry.operation ? `${entry.vendor}.${entry.operation}` : entry.vendor),
    h("td", { class: "roomy" }, entry.caller ?? ""),
    h("td", { class: "number" }, milliseconds(entry.seconds)),
    h("td", { class: "roomy" }, entry.at.slice(11, 19)));
}

function message(name, { headers, body }) {
  const json = headers.some(([key, value]) => /^content-type$/i.test(key) && /json/i.test(value));
  return h("section", {}, h("h3", {}, name),
    h("dl", { class: "headers" }, headers.map(([key, value]) => h("div", {}, h("dt", {}, data(key)), h("dd", {}, data(value))))),
    body ? h("pre", { tabindex: "0", "aria-label": `${name}: body` }, json ? indent(body) : body)
      : h("p", { class: "empty" }, "no body"));
}

function details(entry, close) {
  const there = `${encodeURIComponent(entry.vendor)}/${encodeURIComponent(entry.operation)}`;
  const operation = entry.operation && h("a", { href: `#/operations/${there}` }, data(`${entry.vendor}.${entry.operation}`));
  const facts = [["Operation", operation], ["Caller", entry.caller && data(entry.caller)],
    ["Fault", entry.fault && data(`number ${entry.fault}`)], ["Answered by", entry.answered_by && data(entry.answered_by)], ["World time", data(entry.at)], ["Took", data(milliseconds(entry.seconds))]];
  return [
    h("div", { class: "heading" }, h("h2", { tabindex: "-1" }, badge(entry.status), " ", entry.method, " ", data(path(entry))),
      button("Close", close)),
    entry.diagnosis.length > 0 && h("div", { class: "diagnosis" }, h("h3", {}, "Diagnosis"),
      h("ul", {}, entry.diagnosis.map((line) => h("li", {}, line)))),
    h("p", {}, data(entry.target)),
    h("dl", { class: "facts" }, facts.filter(([, value]) => value)
      .map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
    h("p", { class: "buttons" }, copier("as curl", () => curlOf(entry), {}, "Copy as curl"),
      entry.operation && h("a", { class: "button", href: `#/faults/${there}` }, "Add a fault here")),
    message("Request", entry.request), message("Answer", entry.response),
  ];
}

function controls(redraw, frame) {
  const text = h("input", { type: "search", oninput: redraw, placeholder: "path, operation, caller, diagnosis" });
  const status = choice({ onchange: redraw }, STATUS);
  const paused = h("input", { type: "checkbox", onchange: redraw, id: "paused" });
  const clear = button("Clear the journal", () => attempt(async () => {
    await remove("/journal");
    frame.restart();
    say("The journal is empty.");
  }));
  return { text, status, paused, clear };
}

export function show(place, frame) {
  let [chosen, held, waiting] = [null, null, false];
  const wanted = controls(() => draw(), frame);
  const [chart, rows, panel] = [h("div", { class: "plots" }), h("div", { class: "rows" }),
    h("section", { class: "panel", "aria-label": "Selected exchange", hidden: true })];

  const matches = (entry) => {
    const words = [entry.method, entry.target, entry.vendor, entry.operation, entry.caller, ...entry.diagnosis];
    return String(entry.status).startsWith(wanted.status.value)
      && words.join(" ").toLowerCase().includes(wanted.text.value.toLowerCase());
  };
  const choose = (entry) => {
    chosen = entry?.id ?? null;
    panel.hidden = !entry;
    panel.replaceChildren(...(entry ? details(entry, () => choose(null)).filter(Boolean) : []));
    draw();
    panel.querySelector("h2")?.focus();
  };
  function draw() {
    held = wanted.paused.checked ? held ?? all() : null;
    const found = (held ?? all()).filter(matches).reverse();
    const focused = rows.contains(document.activeElement) && document.activeElement.closest("tr")?.dataset.id;
    rows.replaceChildren(grid("Exchanges, the newest first", COLUMNS,
      found.slice(0, SHOWN).map((entry) => row(entry, chosen, choose)),
      all().length ? "No exchange matches." : "Nothing was asked in this world yet. Point a client at it and watch."));
    if (focused) rows.querySelector(`tr[data-id="${CSS.escape(focused)}"] button`)?.focus();
  }
  const draft = () => { // at most once a frame, however fast they come
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(); chart.replaceChildren(...plots()); });
  };
  place.append(chart, h("div", { class: "bar" }, field("Find", wanted.text), field("Status", wanted.status),
    h("div", { class: "check" }, wanted.paused, h("label", { for: "paused" }, "Hold still")), wanted.clear),
  h("div", { class: "split" }, rows, panel));
  draw();
  chart.append(...plots());
  const beat = setInterval(() => chart.replaceChildren(...plots()), 1000);
  const deaf = listen((news) => { draft(); announce(news); });
  return () => { deaf(); clearInterval(beat); };
}

let unheard = [];

/** Tell screen readers what came, in one sentence every few seconds. */
function announce(news) {
  if (!news) return;
  unheard.push(...news);
  if (unheard.length > news.length) return;
  setTimeout(() => {
    const last = unheard.at(-1);
    const more = unheard.length > 1 ? `${unheard.length} exchanges, the last: ` : "";
    const text = `${more}${last.method} ${path(last)}, ${last.status}. ${last.diagnosis[0] ?? ""}`;
    document.getElementById("journal-news").textContent = text;
    unheard = [];
  }, 2000);
}
