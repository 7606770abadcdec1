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

const NAMES = ["name", "case_name", "title", "display_name", "username", "tag"];
const TYPES = ["contact_type", "case_type", "type"];
const text = (value) => (typeof value === "string" ? value : "");

/** What people call a document, and of what type it is; "" where it does not say. */
function about(doc) {
  const person = [doc.first_name, doc.last_name].filter(text).join(" ");
  const kinds = [...TYPES, ...Object.keys(doc).filter((key) => key.endsWith("_type"))];
  return { name: text(doc[NAMES.find((key) => text(doc[key]))]) || person || text(doc.form?.["@name"]),
    type: text(doc[kinds.find((key) => text(doc[key]))]) };
}

/** The rest of a document in one line, without what the row shows already. */
function rest(id, doc, shown) {
  const left = Object.entries(doc).filter(([key, value]) => !["_rev", "first_name", "last_name"].includes(key) && value !== id && value !== null && value !== ""
    && !Object.values(shown).includes(value));
  return JSON.stringify(Object.fromEntries(left)).slice(0, 300);
}

function documentRow(name, { id, doc }, columns) {
  const shown = about(doc);
  return h("tr", {}, h("td", { class: "id" }, h("a", { href: `${link(name)}/${encodeURIComponent(id)}` }, data(id))),
    columns.map((key) => h("td", { class: key }, shown[key])),
    h("td", { class: "wide roomy" }, h("span", { class: "data preview" }, rest(id, doc, shown))));
}

function documentGrid(name, { documents, count }) {
  const columns = ["name", "type"].filter((key) => documents.some(({ doc }) => about(doc)[key]));
  const labels = { name: "Name", type: "Type" };
  return grid(`Documents of ${name}`, ["Id", ...columns.map((key) => labels[key]), ["Document", "roomy"]],
    documents.map((one) => documentRow(name, one, columns)), count ? "No document matches." : "This table is empty.");
}

async function manyDocuments(place, name) {
  let [skip, asked] = [0, 0];
  const [list, count] = [h("div", {}), h("p", { role: "status" })];
  const find = h("input", { type: "search", placeholder: 'a word, or "key":value' });
  const turn = (by) => attempt(() => draw(skip + by));
  const [back, on] = [button("Previous", () => turn(-PAGE)), button("Next", () => turn(PAGE))];
  async function draw(from) {
    const mine = (asked += 1);
    const query = new URLSearchParams({ skip: Math.max(0, from), limit: PAGE, q: find.value });
    const page = await get(`/tables/${encodeURIComponent(name)}?${query}`);
    if (mine !== asked) return;
    skip = page.skip;
    list.replaceChildren(documentGrid(name, page));
    const last = skip + page.documents.length;
    count.textContent = page.found ? `${skip + 1} to ${last} of ${page.found}` : "";
    [back.disabled, on.disabled] = [skip === 0, last >= page.found];
  }
  place.append(h("p", {}, h("a", { href: "#/tables" }, "All tables")), h("h2", {}, data(name)),
    h("form", { class: "inline", role: "search", onsubmit: (event) => { event.preventDefault(); attempt(() => draw(0)); } },
      field("Find", find), h("button", { class: "main" }, "Find")),
    list, h("div", { class: "pager" }, back, count, on));
  await draw(0);
}

export async function show(place, _frame, [name, id]) {
  if (!name) await chooseTable(place);
  else if (id === undefined) await manyDocuments(place, name);
  else await oneDocument(place, name, id);
}
