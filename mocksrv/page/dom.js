// Making elements. Whatever is shown may be hostile: it becomes text nodes and attributes, never markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const h = (tag, props, ...children) => fill(document.createElement(tag), props, children);

export const svg = (tag, props, ...children) => fill(document.createElementNS(SVG, tag), props, children);

/** Text from elsewhere: in a monospaced face, and kept from turning the text around it. */
export const data = (text, props, ...more) => h("code", { class: "data", ...props }, String(text), ...more);

/** A moment as `2026-01-31 09:30:00`. */
export const utc = (time) => (Number.isNaN(time.getTime()) ? "" : time.toISOString().slice(0, 19).replace("T", " "));

let fields = 0;

/** A label above a control, with help that screen readers read along. */
export function field(text, control, help) {
  control.id ||= `field-${(fields += 1)}`;
  if (help) control.setAttribute("aria-describedby", `${control.id}-help`);
  return h("div", { class: "field" }, h("label", { for: control.id }, text), control,
    help && h("small", { id: `${control.id}-help` }, help));
}

/** A select; options are texts or [value, text]. */
export const choice = (props, options) => h("select", props, options.map((option) => {
  const [value, text] = Array.isArray(option) ? option : [option, option];
  return h("option", { value }, text);
}));

export const button = (text, onclick, props) => h("button", { type: "button", onclick, ...props }, text);

/** A table that can be scrolled sideways with the keyboard too; columns are texts or [text, class]. */
export function grid(caption, columns, rows, empty) {
  if (!rows.length) return h("p", { class: "empty" }, empty);
  return h("div", { class: "scroll", role: "region", "aria-label": caption, tabindex: "0" },
    h("table", {}, h("caption", { class: "hidden" }, caption),
      h("thead", {}, h("tr", {}, columns.map((column) => {
        const [text, kind] = [column].flat();
        return h("th", { scope: "col", class: kind }, text);
      }))),
      h("tbody", {}, rows)));
}

/** JSON with line breaks. It works on the text: parsing would change the order of keys and the look of numbers. */
export function indent(text) {
  let [out, depth, quoted] = ["", 0, false];
  const line = () => `\n${"  ".repeat(depth)}`;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (quoted) {
      out += char;
      if (char === "\\") out += text[(at += 1)] ?? "";
      else if (char === '"') quoted = false;
    } else if (char === "{" || char === "[") {
      const end = text.slice(at + 1).match(/^\s*[}\]]/);
      depth += end ? 0 : 1;
      out += end ? char + end[0].trim() : char + line();
      if (end) at += end[0].length;
    } else if (char === "}" || char === "]") {
      depth = Math.max(0, depth - 1);
      out += line() + char;
    } else if (char === ",") out += char + line();
    else if (char === ":") out += ": ";
    else if (char.trim()) {
      quoted = char === '"';
      out += char;
    }
  }
  return out;
}

/** Put a text on the clipboard: over plain HTTP from another machine there is only the old way. */
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = h("textarea", { class: "hidden", "aria-hidden": "true" });
  area.value = text;
  const before = document.activeElement;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  before?.focus({ preventScroll: true });
  if (!done) throw new Error("This browser does not let the page copy; select the text and copy it.");
  return undefined;
}

/** A button that copies what `text` gives, perhaps later: a string, or one with what is to be done by hand. */
export const copier = (what, text, props, label = "Copy") => button(label, () => attempt(async () => {
  const given = await text();
  const { command = given, todo } = given;
  await copy(command);
  say(`Copied ${what}.${todo ? ` Then ${todo}.` : ""}`);
}), { "aria-label": `Copy ${what}`, ...props });

function speak(id, text) {
  const place = document.getElementById(id);
  place.textContent = text;
  clearTimeout(place.timer);
  place.timer = setTimeout(() => { place.textContent = ""; }, 6000);
}

/** Tell what was done. */
export const say = (text) => speak("status", text);

/** Do something that may be refused; the refusal is shown, and null returned. */
export async function attempt(work) {
  try {
    document.getElementById("alert").textContent = "";
    return await work();
  } catch (error) {
    speak("alert", error.message);
    return null;
  }
}

/** Ask in a dialog: with a `label` for a text, else for yes or no. Gives the text, true, or null. */
export function ask({ title, text, label, type = "text", value = "", action }) {
  return new Promise((resolve) => {
    const input = label && h("input", { type, value, required: true, autocomplete: "off", spellcheck: "false" });
    const end = (result) => { dialog.close(); dialog.remove(); resolve(result); };
    const form = h("form", { onsubmit: (event) => { event.preventDefault(); end(input ? input.value : true); } },
      h("h2", { id: "dialog-title" }, title), text && h("p", {}, text), input && field(label, input),
      h("div", { class: "buttons" }, h("button", { class: "main" }, action), button("Cancel", () => end(null))));
    const dialog = h("dialog", { "aria-labelledby": "dialog-title", oncancel: () => end(null) }, form);
    document.body.append(dialog);
    dialog.showModal();
  });
}
