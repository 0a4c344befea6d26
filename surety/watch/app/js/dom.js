// Small helpers for pages made of elements; text is always text, never markup.

/** An element. `how`: attributes; a function is a listener ("onclick"); `true` an empty attribute, false or null none. */
export function el(tag, how = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(how)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** A picture of the sprite, which says nothing to a screen reader: the words beside it do. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `icons/sprite.svg#${name}`);
  svg.append(use);
  return svg;
}

/** A large button: icon, word, what it does. */
export function button(name, label, onclick, { kind = "plain", ...how } = {}) {
  return el("button", { type: "button", class: `button ${kind}`, onclick, ...how }, name && icon(name), el("span", {}, label));
}

/** A large button that leads to another screen. */
export function way(name, label, screen, { kind = "plain", count = 0 } = {}) {
  const mark = count ? el("span", { class: "count" }, String(count)) : null;
  return el("a", { class: `button ${kind}`, href: `#/${screen}` }, name && icon(name), el("span", {}, label), mark);
}

/** Say it to whoever listens to a screen reader. `now`: interrupting what is read. */
export function say(text, { now = false } = {}) {
  const place = document.getElementById(now ? "say-now" : "say");
  if (place.textContent !== text) place.textContent = text;
}

/** Show other text, only where it is other: a screen reader reads what changes. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Show these children in `node`, only where they are other than what is there: what has the focus keeps it, and a screen reader
 * is not told the same again. What was focused and is there anew (by its address) is focused again.
 */
export function renew(node, children) {
  const next = node.cloneNode(false);
  next.append(...children.filter(Boolean));
  if (node.isEqualNode(next)) return;
  const focused = node.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  node.replaceChildren(...next.childNodes);
  if (focused) node.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}
