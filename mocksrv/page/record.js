// The world's journal, kept up to date while the page is open, whichever view is shown.

import { events, get } from "./api.js";

const KEPT = 1000; // as many as the server keeps

const listeners = new Set();
let entries = new Map(); // by id, in the order in which they ended
let seconds = new Map(); // whole second of this page -> exchanges that came in it
let stop = null;

export const all = () => [...entries.values()];

/** Call with the new exchanges, or with null when everything changed. Gives what ends it. */
export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const tell = (news) => listeners.forEach((listener) => listener(news));

function add(news) {
  for (const entry of news) entries.set(entry.id, entry);
  for (const id of entries.keys()) {
    if (entries.size <= KEPT) break;
    entries.delete(id);
  }
}

function came() {
  const now = Math.floor(performance.now() / 1000);
  seconds.set(now, (seconds.get(now) ?? 0) + 1);
  for (const second of seconds.keys()) if (second < now - 120) seconds.delete(second);
}

/** Exchanges in each of the last seconds, the oldest first. */
export function pulse(length) {
  const now = Math.floor(performance.now() / 1000);
  return Array.from({ length }, (_, index) => seconds.get(now - length + 1 + index) ?? 0);
}

/** How often each operation was called, as far as the journal goes back; keys are "vendor.operation". */
export function calls() {
  const counts = new Map();
  for (const { vendor, operation } of entries.values()) {
    const key = `${vendor}.${operation}`;
    if (operation) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** Let go of the connection: a browser has six to a server, for all its tabs. */
export const rest = () => stop?.abort();

/** Follow the journal of the present world from its beginning; tells the state of the connection. */
export async function follow(onstate) {
  rest();
  const mine = (stop = new AbortController());
  seconds = new Map();
  while (!mine.signal.aborted) {
    try {
      const stream = events("/journal/stream", { signal: mine.signal });
      await stream.next(); // it listens now, so nothing falls between the two
      const before = await get("/journal", { signal: mine.signal });
      entries = new Map();
      add(before);
      onstate(true);
      tell(null);
      for await (const entry of stream) {
        if (!entry) continue;
        came();
        add([entry]);
        tell([entry]);
      }
    } catch { /* the server is gone, or the world: try again */ }
    if (mine.signal.aborted) return;
    onstate(false);
    await new Promise((resolve) => { setTimeout(resolve, 1000); });
  }
}
