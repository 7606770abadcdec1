// Where to begin: what a client is pointed at, with which credentials, and a first call of each vendor.

import { address, get, world } from "./api.js";
import { copier, data, grid, h } from "./dom.js";

export const title = "Start";

const LABELS = { base_url: "Base URL", account_id: "Account Id", api_key: "API key", api_secret: "API secret" };
const words = (key) => LABELS[key] ?? key[0].toUpperCase() + key.slice(1).replaceAll("_", " ");
const texts = (account) => Object.entries(account).filter(([key, value]) => typeof value === "string" && value && !["name", "note"].includes(key));

const fact = (vendor, [key, value]) => h("div", {}, h("dt", {}, words(key)), h("dd", {}, data(value),
  copier(`${words(key)} of ${vendor}`, () => value, { class: "link copy" })));

/** Further accounts in a table that is folded: most people need the first alone. */
function others(vendor, accounts) {
  if (!accounts.length) return null;
  const keys = [...new Set(accounts.flatMap((one) => texts(one).map(([key]) => key)))].filter((key) => key !== "base_url");
  return h("details", {}, h("summary", {}, `More credentials of ${vendor}`),
    grid(`Further credentials of ${vendor}`, ["Name", ...keys.map(words)], accounts.map((one) => h("tr", {},
      h("td", {}, one.name ?? one.note ?? ""), keys.map((key) => h("td", {}, data(one[key] ?? "")))))));
}

function card({ name, title: called, operations, curl }, [first, ...more]) {
  return h("section", { class: "card", "aria-label": called }, h("h2", {}, called),
    first && h("dl", {}, first.name && h("div", {}, h("dt", {}, "Who"), h("dd", {}, first.name)), texts(first).map((one) => fact(name, one))),
    others(name, more),
    curl && [h("h3", {}, "A first call"), h("div", { class: "command" },
      h("pre", { tabindex: "0", "aria-label": `A first call of ${called}` }, curl), copier(`the call of ${name}`, () => curl))],
    h("p", { class: "links" }, h("a", { href: `#/operations/${encodeURIComponent(name)}` }, `Operations of ${name}`), ` (${operations}) · `,
      h("a", { href: address(`/openapi/${name}.json`), target: "_blank", rel: "noopener" }, `OpenAPI document of ${name}`)));
}

/** What the control plane has for other tools. */
function documents() {
  const link = (text, path) => h("li", {}, h("a", { href: address(path), target: "_blank", rel: "noopener" }, text));
  return h("section", { class: "card" }, h("h2", {}, "The control plane"),
    h("p", {}, "All that this page does, a script can do too, below ", data(address("")), "."),
    h("ul", { class: "plain" }, link("OpenAPI document of the control plane", "/openapi.json"), link("Credentials", "/credentials"),
      link("Journal as HTTP Archive", "/journal.har"), link("Metrics for Prometheus", "/metrics")));
}

export async function show(place) {
  const [vendors, accounts] = await Promise.all([get("/vendors"), get("/credentials")]);
  place.append(
    h("p", { class: "lead" }, "Point a client at a base URL below, and watch the ", h("a", { href: "#/journal" }, "journal"),
      ". This is the world ", h("strong", {}, world()), "; any new name in ", h("code", {}, "/~name/"),
      " before the path is another one, with data of its own (", h("a", { href: "#/worlds" }, "worlds"), ")."),
    h("div", { class: "cards" }, vendors.map((one) => card(one, accounts[one.name] ?? []))), documents());
}
