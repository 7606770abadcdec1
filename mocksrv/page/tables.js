// All that a world holds: tables, and their documents.

import { address, call, get } from "./api.js";
import { attempt, button, data, field, grid, h, indent } from "./dom.js";

export const title = "Tables";

const PAGE = 25;

const link = (name) => `#/tables/${encodeURIComponent(name)}`;

/** Of an answer with one document: its text as the server sent it, so that numbers and the order of keys stay. */
const onlyDocument = (text) => text.slice(text.indexOf('"doc": ', text.indexOf('"documents": [')) + 7, text.lastIndexOf("}]}"));

async function chooseTable(place) {
  const tables = await get("/tables");
  const list = h("div", { class: "cards" });
  const empty = h("input", { type: "checkbox", id: "with-empty", onchange: draw });
  function draw() {
    const vendors = [...new Set(tables.map((table) => table.vendor))];
    list.replaceChildren(...vendors.map((vendor) => h("section", { class: "card" }, h("h2", {}, vendor ?? "others"),
      h("ul", { class: "tables" }, tables.filter((table) => table.vendor === vendor && (table.count || empty.checked))
        .map((table) => h("li", {}, h("a", { href: link(table.name) }, data(table.name)),
          h("span", { class: "number" }, String(table.count))))))));
  }
  place.append(h("div", { class: "check" }, empty, h("label", { for: "with-empty" }, "Show empty tables")), list);
  draw();
}

async function oneDocument(place, name, id) {
  const path = `/tables/${encodeURIComponent(name)}?${new URLSearchParams({ id })}`;
  const text = await (await call(path)).text();
  const found = JSON.parse(text).found > 0;
  place.append(h("p", {}, h("a", { href: link(name) }, "Back to ", data(name))), h("h2", {}, data(id)),
    found ? h("pre", { tabindex: "0", "aria-label": "The document", class: "document" }, indent(onlyDocument(text)))
      : h("p", { class: "empty" }, "It is not there any more."),
    h("p", {}, h("a", { href: address(path), target: "_blank", rel: "noopener" }, "As the control plane sends it")));
}

function documentRow(name, { id, doc }) {
  return h("tr", {}, h("td", { class: "id" }, h("a", { href: `${link(name)}/${encodeURIComponent(id)}` }, data(id))),
    h("td", { class: "wide" }, h("span", { class: "data preview" }, JSON.stringify(doc).slice(0, 300))));
}

async function manyDocuments(place, name) {
  let [skip, asked] = [0, 0];
  const [list, count] = [h("div", {}), h("p", { role: "status" })];
  const text = h("input", { type: "search", placeholder: 'a word, or "key":value' });
  const turn = (by) => attempt(() => draw(skip + by));
  const [back, on] = [button("Previous", () => turn(-PAGE)), button("Next", () => turn(PAGE))];
  async function draw(from) {
    const mine = (asked += 1);
    const query = new URLSearchParams({ skip: Math.max(0, from), limit: PAGE, q: text.value });
    const page = await get(`/tables/${encodeURIComponent(name)}?${query}`);
    if (mine !== asked) return;
    skip = page.skip;
    list.replaceChildren(grid(`Documents of ${name}`, ["Id", "Document"],
      page.documents.map((one) => documentRow(name, one)), page.count ? "No document matches." : "This table is empty."));
    const last = skip + page.documents.length;
    count.textContent = page.found ? `${skip + 1} to ${last} of ${page.found}` : "";
    [back.disabled, on.disabled] = [skip === 0, last >= page.found];
  }
  place.append(h("p", {}, h("a", { href: "#/tables" }, "All tables")), h("h2", {}, data(name)),
    h("form", { class: "inline", role: "search", onsubmit: (event) => { event.preventDefault(); attempt(() => draw(0)); } },
      field("Find", text), h("button", { class: "main" }, "Find")),
    list, h("div", { class: "pager" }, back, count, on));
  await draw(0);
}

export async function show(place, _frame, [name, id]) {
  if (!name) await chooseTable(place);
  else if (id === undefined) await manyDocuments(place, name);
  else await oneDocument(place, name, id);
}
