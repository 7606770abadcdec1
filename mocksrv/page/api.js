// The control plane: which world this page is about, asking, and following its journal.

import { ask } from "./dom.js";

const CONTROL = "/_mocksrv";
const HERE = /^(.*?)(?:\/~([\w.-]{1,64}))?\/_mocksrv\/?$/;

let token = ""; // only here: it is gone with the page
let asking = null;
let declined = false;

/** What the address says: the root before any world, and the world. */
function here() {
  const [, root = "", world = "default"] = location.pathname.match(HERE) ?? [];
  return { root, world };
}

export const world = () => here().world;

const prefix = (name) => (name === "default" ? "" : `/~${encodeURIComponent(name)}`);

/** The address of the page of a world. */
export const pageOf = (name) => `${here().root}${prefix(name)}${CONTROL}/`;

export const address = (path, name = world()) => `${here().root}${prefix(name)}${CONTROL}${path}`;

async function request(path, { method = "GET", body, name, signal } = {}) {
  const used = token;
  const response = await fetch(address(path, name), {
    method, signal,
    headers: used ? { Authorization: `Bearer ${used}` } : {},
    body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
  });
  if (response.status !== 403) return response;
  if (used === token) await newToken(used);
  return request(path, { method, body, name, signal });
}

/** Ask for the token, once for all requests that wait for it. */
async function newToken(refused) {
  if (declined) throw new Error("Without the token nothing can be shown; reload the page to give it.");
  asking ??= ask({
    title: "This server asks for its token", label: "Token", type: "password", action: "Use it",
    text: `${refused ? "That was not it. " : ""}It is what MOCKSRV_TOKEN was set to. This page keeps it in memory only.`,
  });
  const given = await asking;
  asking = null;
  declined = given === null;
  if (declined) throw new Error("Without the token nothing can be shown; reload the page to give it.");
  token = given;
}

/** The response to a request. Throws an Error with the server's own words. */
export async function call(path, options) {
  const response = await request(path, options);
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw new Error(problem.detail || `${response.status} ${response.statusText}`);
}

export const get = async (path, options) => (await call(path, options)).json();
export const post = async (path, body, name) => (await call(path, { method: "POST", body, name })).json();
export const remove = (path, name) => call(path, { method: "DELETE", name });

/** Events of a stream as they come. EventSource could not send the token. */
export async function* events(path, options) {
  const reader = (await call(path, options)).body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) yield part.startsWith("data: ") ? JSON.parse(part.slice(6)) : null;
  }
}
