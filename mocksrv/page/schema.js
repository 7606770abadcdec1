// An operation as its vendor's OpenAPI document declares it, for people.

import { data, grid, h, indent } from "./dom.js";

/** What a reference leads to. */
function at(document, ref) {
  return ref.slice(2).split("/").reduce((part, key) => part?.[key.replaceAll("~1", "/").replaceAll("~0", "~")], document) ?? {};
}

const follow = (document, part) => (part?.$ref ? at(document, part.$ref) : part ?? {});
const nameOf = (schema) => schema?.$ref?.split("/").pop() ?? "";
const variants = (schema) => schema.anyOf ?? schema.oneOf ?? schema.allOf;

/** The type in a few words: `array of Person`, `string (date-time)`, `one of 3`. */
function kind(schema) {
  if (schema === true || !schema || !Object.keys(schema).length) return "anything";
  if (schema.$ref) return nameOf(schema);
  if (schema.enum) return "one of";
  if (schema.const !== undefined) return `always ${JSON.stringify(schema.const)}`;
  if (variants(schema)) return `${schema.allOf ? "all" : "one"} of ${variants(schema).length}`;
  const type = [schema.type ?? (schema.properties ? "object" : "anything")].flat().map((one) => one.replace("null", "or null")).join(" ");
  if (schema.items) return `${type} of ${kind(schema.items)}`;
  return schema.format ? `${type} (${schema.format})` : type;
}

const LIMITS = { minimum: "at least", maximum: "at most", exclusiveMinimum: "above", exclusiveMaximum: "below", minLength: "letters, at least",
  maxLength: "letters, at most", minItems: "items, at least", maxItems: "items, at most", pattern: "like", default: "default" };

/** What else holds for a value: choices, limits, an example. */
function limits(schema) {
  const told = Object.entries(LIMITS).filter(([key]) => schema[key] !== undefined).map(([key, word]) => `${word} ${schema[key]}`);
  if (schema.enum) told.unshift(schema.enum.map((one) => JSON.stringify(one)).join(", "));
  if (schema.uniqueItems) told.push("no item twice");
  return told.join("; ");
}

/** What is inside of a schema: [name, schema, required] of its properties, items or variants. */
function inside(schema) {
  if (schema.properties) {
    const required = schema.required ?? [];
    const more = schema.additionalProperties;
    return [...Object.entries(schema.properties).map(([name, one]) => [name, one, required.includes(name)]),
      ...(more && more !== true && Object.keys(more).length ? [["any other name", more, false]] : [])];
  }
  if (schema.items) return [["each item", schema.items, false]];
  return (variants(schema) ?? []).map((one, index) => [`${index + 1}.`, one, false]);
}

/** Whether one line says all: no deeper part to unfold. */
function leaf(document, schema) {
  const known = follow(document, schema);
  const item = known.items && !known.properties && follow(document, known.items);
  return item ? leaf(document, item) && !limits(item) : !inside(known).length;
}

/** The part behind a fold is made when it is opened: schemas may refer to themselves. */
function folded(summary, make) {
  const details = h("details", {}, h("summary", {}, summary));
  details.addEventListener("toggle", () => details.append(make()), { once: true });
  return details;
}

function member(document, [name, schema, required]) {
  const known = follow(document, schema);
  const line = [data(name), " ", h("span", { class: "kind" }, kind(schema)), required && h("span", { class: "tag" }, "required"),
    limits(known) && h("span", { class: "what" }, limits(known)), known.description && h("span", { class: "what" }, known.description)];
  return h("li", {}, leaf(document, schema) ? line : folded(line, () => members(document, schema)));
}

/** The members of a schema as a list that unfolds. */
function members(document, schema) {
  const known = follow(document, schema);
  const parts = inside(known.items && !known.properties ? follow(document, known.items) : known);
  return h("ul", { class: "schema" }, (parts.length ? parts : inside(known)).map((one) => member(document, one)));
}

function content(document, parts) {
  return Object.entries(parts ?? {}).map(([type, { schema, example }]) => [
    h("p", { class: "type" }, data(type), schema && [" ", h("span", { class: "kind" }, kind(schema))]),
    schema && !leaf(document, schema) && members(document, schema),
    schema && leaf(document, schema) && limits(follow(document, schema)) && h("p", { class: "what" }, limits(follow(document, schema))),
    example !== undefined && [h("h4", {}, "For example"), h("pre", { tabindex: "0", "aria-label": "Example of a body" },
      typeof example === "string" ? example : indent(JSON.stringify(example)))]]);
}

function parameterRow(document, given) {
  const one = follow(document, given);
  const schema = one.schema ?? {};
  return h("tr", {}, h("td", {}, data(one.name), one.required && one.in !== "path" && h("span", { class: "tag" }, "required")), h("td", {}, one.in),
    h("td", {}, kind(schema), limits(schema) && h("span", { class: "what" }, limits(schema))),
    h("td", {}, one.description ?? "", one.example !== undefined && h("span", { class: "what" }, "such as ", data(one.example))));
}

function answer(document, status, given) {
  const { description, content: parts } = follow(document, given);
  const head = [h("span", { class: `badge s${status[0]}` }, status), " ", description];
  return h("li", {}, Object.keys(parts ?? {}).length ? folded(head, () => h("div", {}, content(document, parts))) : head);
}

/** The parts of a document that are about the operation of that name: [path, method, what is declared]. */
export function declared(document, name) {
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, one] of Object.entries(item)) if (one.operationId === name) return [path, method, one];
  }
  return null;
}

/** Parameters, body and answers of an operation. */
export function rendered(document, one) {
  const body = follow(document, one.requestBody);
  return [
    one.parameters?.length > 0 && [h("h3", {}, "Parameters"),
      grid("Parameters", ["Name", "In", "Type", "Meaning"], one.parameters.map((each) => parameterRow(document, each)), "")],
    body.content && [h("h3", {}, "Body of the request"), h("div", { class: "card" }, content(document, body.content))],
    h("h3", {}, "Answers"),
    h("ul", { class: "card plain answers" }, Object.entries(one.responses).map(([status, given]) => answer(document, status, given))),
  ];
}
