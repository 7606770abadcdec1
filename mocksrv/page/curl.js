// Commands for a shell: an exchange of the journal, or a call of an operation.

import { get } from "./api.js";

const BY_CURL = ["host", "content-length", "connection", "accept-encoding", "transfer-encoding", "expect"]; // it sends its own
const BLOTTED = "(redacted)";

/** Whether the journal lacks a part of a request's body: it keeps the beginning, and nothing of what was not read. */
function lacking({ headers, body }) {
  const size = Number(headers.find(([name]) => name === "content-length")?.[1] ?? 0);
  return body ? /\.\.\. \(\d+ bytes\)$/.test(body) : size > 0;
}

const quote = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** What stands for a secret: a variable of the shell, named after its header. */
const variable = (name) => `$${name.toUpperCase().replaceAll(/\W/g, "_")}`;

/** A body as it is: --data-binary would take one that begins with @ for the name of a file here. */
const raw = (text) => ["--data-raw", quote(text)];

const basic = (account) => account?.password && ["-u", quote(`${account.username}:${account.password}`)];

// What stands in the place of a secret that a ready-made account has.
const KNOWN = new Map([["authorization", basic],
  ["x-carehq-apikey", (account) => account && ["-H", quote(`x-carehq-apikey: ${account.api_key}`)]]]);

/** The ready-made account of a caller, as the journal names it. */
async function accountOf({ vendor, caller }) {
  const accounts = (await get("/credentials"))[vendor] ?? [];
  return accounts.find((one) => caller && [one.username, one.api_key].includes(caller));
}

async function header([name, value], entry) {
  if (value !== BLOTTED) return ["-H", quote(value === "" ? `${name};` : `${name}: ${value}`)];
  return KNOWN.get(name)?.(await accountOf(entry)) || ["-H", `${quote(`${name}: `)}"${variable(name)}"`];
}

const command = (parts) => ["curl", ...parts.map((part) => [part].flat().join(" "))].join(" \\\n  ");

/** The command, and what must be put into it by hand, in words. */
export async function curlOf(entry) {
  const url = /^https?:/.test(entry.target) ? entry.target : location.origin + entry.target;
  const wanted = entry.request.headers.filter(([name, value]) => !BY_CURL.includes(name)
    && !(name === "accept" && value === "*/*") && !(name === "user-agent" && value.startsWith("curl/")));
  const headers = await Promise.all(wanted.map((one) => header(one, entry)));
  const { body } = entry.request;
  const cut = lacking(entry.request);
  const sent = (body || cut) && (cut ? ["--data-binary", "@body"] : raw(body));
  const method = entry.method === "HEAD" ? ["-I"] : entry.method !== "GET" || sent ? ["-X", quote(entry.method)] : [];
  const typed = wanted.some(([name]) => name === "content-type");
  const parts = [method, /[[\]{}]/.test(url) && ["--globoff"], quote(url), ...headers, sent && !typed && ["-H", "Content-Type:"], sent].filter((part) => part?.length);
  const blotted = headers.map(([, value]) => value.match(/"(\$\w+)"$/)?.[1]).filter(Boolean);
  const todo = [blotted.length && `set ${blotted.join(", ")}: the journal keeps no secrets`,
    body.includes(BLOTTED) && `put secrets in the place of ${BLOTTED}`,
    cut && "put the request's body into the file body: the journal has not all of it"].filter(Boolean);
  return { command: command(parts), todo: todo.join("; ") };
}

/** A call of an operation, as its vendor's OpenAPI document declares it: [path, method, what is declared]. */
export async function callOf(vendor, document, [path, method, one]) {
  const url = (one.parameters ?? []).filter((each) => each.in === "path" && each.example !== undefined)
    .reduce((text, each) => text.replace(`{${each.name}}`, encodeURIComponent(each.example)), document.servers[0].url + path);
  const schemes = one.security.flatMap(Object.keys).map((name) => document.components.securitySchemes[name]);
  const login = schemes.some(({ scheme }) => scheme === "basic") && basic(((await get("/credentials"))[vendor] ?? [])[0]);
  const [type, body] = Object.entries(one.requestBody?.content ?? {})[0] ?? [];
  const { example } = body ?? {};
  const sent = example === undefined ? ["--data-binary", "@body"] : raw(typeof example === "string" ? example : JSON.stringify(example));
  const parts = [method !== "get" && ["-X", method.replace("x-", "").toUpperCase()], quote(url), login,
    type && ["-H", quote(`Content-Type: ${type}`)], type && sent].filter(Boolean);
  const todo = [url.includes("{") && "put something in the place of what stands in braces", type && example === undefined && "write the file body",
    schemes.length && !login && "add what the vendor takes as credentials"].filter(Boolean);
  return { command: command(parts), todo: todo.join("; ") };
}
