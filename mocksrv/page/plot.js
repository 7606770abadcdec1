// Two small plots: how many requests came, and how long the last ones took.

import { h, svg } from "./dom.js";
import { all, pulse } from "./record.js";

const [WIDTH, HEIGHT, LAST] = [300, 64, 100];

export const milliseconds = (seconds) => {
  const value = seconds * 1000;
  return value >= 1000 ? `${(value / 1000).toFixed(1)} s` : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
};

const bar = (index, count, height, kind, title) => svg("rect", {
  class: kind, x: (index * WIDTH) / count + 0.4, y: HEIGHT - height, width: WIDTH / count - 0.8, height, rx: 0.8,
}, title && svg("title", {}, title));

function figure(title, text, bars) {
  return h("figure", { class: "plot" }, h("figcaption", {}, h("strong", {}, title), " ", text),
    svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title}: ${text}`,
      preserveAspectRatio: "none" },
    svg("line", { class: "axis", x1: 0, x2: WIDTH, y1: HEIGHT - 0.5, y2: HEIGHT - 0.5 }), bars));
}

function requests() {
  const counts = pulse(60);
  const [most, sum] = [Math.max(...counts, 1), counts.reduce((a, b) => a + b, 0)];
  const bars = counts.map((count, index) => count > 0 && bar(index, 60, (count / most) * (HEIGHT - 4), "s2"));
  return figure("Requests in the last minute", sum ? `${sum}, at most ${most} a second` : "none while this page was open", bars);
}

function latencies() {
  const shown = all().slice(-LAST);
  if (!shown.length) return figure("Time to answer", "nothing yet", []);
  const sorted = shown.map((entry) => entry.seconds).sort((a, b) => a - b);
  const slowest = sorted.at(-1);
  // From 0.1 ms to 10 s on a logarithmic scale: a delay by a fault must not flatten everything else.
  const height = (value) => Math.max(2, Math.min(1, (Math.log10(value || 1e-4) + 4) / 5) * (HEIGHT - 4));
  const bars = shown.map((entry, index) => bar(LAST - shown.length + index, LAST, height(entry.seconds),
    `s${String(entry.status)[0]}`, `${entry.method} ${entry.status}, ${milliseconds(entry.seconds)}`));
  const failed = shown.filter((entry) => entry.status >= 400).length;
  return figure("Time to answer", `median ${milliseconds(sorted[Math.floor(sorted.length / 2)])}, slowest `
    + `${milliseconds(slowest)}; ${failed} of the last ${shown.length} refused`, bars);
}

export const plots = () => [requests(), latencies()];
