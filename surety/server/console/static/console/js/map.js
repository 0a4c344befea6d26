// <surety-map>: a map of one person's places and positions, served from our own origin.
//
// attributes  label    what the map shows, in words (required)
//             src      address of the JSON to draw: {areas: [...], fixes: [...], table: false?}
//             data     id of a <script type="application/json"> with the same
//             engine   "svg" to draw without WebGL (prints as lines, not as a picture)
//             table    id of the table that tells the same in words; without it the map writes one below itself
// methods     show(drawing)  setView(view)  fit([w, s, e, n])  project([lon, lat])  unproject([x, y])  layer(name)
// events      mapready, mapmove (after each move of the view), mapbaseerror (detail: one sentence)
//
// We handle every gesture and key ourselves, for WebGL and SVG alike; MapLibre is a picture underneath.

import { boundsOf, latOf, lonOf, mercatorPerMetre, mercatorX, mercatorY, metresInWords, nearest, worldPx } from "./geo.js";
import { glBase, hasWebGL, mapConfig, svgBase } from "./map-base.js";
import { drawAreas, drawCrossings, drawFixes, legendOf, tableOf } from "./map-draw.js";

const SVG = "http://www.w3.org/2000/svg";
const UNIT_ZOOM = 15; // the drawing's own units are pixels at this zoom, counted from `origin`
const [MIN_ZOOM, MAX_ZOOM] = [2, 20];
const STEP_PX = 80;

const html = (name, attributes = {}, ...children) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
};

export class SuretyMap extends HTMLElement {
  view = { lon: 0, lat: 0, zoom: 13 };
  origin = { x: 0.5, y: 0.5 };
  size = { width: 0, height: 0 };
  base = null;
  #layers = new Map();
  #pointers = new Map();
  #pending = 0;
  #fitWhenSized = null;

  connectedCallback() {
    if (this.canvas) return;
    this.#build();
    this.#listen();
    this.ready = this.#start();
  }

  disconnectedCallback() {
    this.base?.remove();
    this.resizer?.disconnect();
  }

  /** Draw areas and fixes, and look at them. */
  show(drawing, { fit = true } = {}) {
    this.drawing = drawing;
    if (fit) {
      const bounds = drawing.bounds ?? boundsOf((drawing.fixes ?? []).map((f) => [f.lon_deg, f.lat_deg]), (drawing.areas ?? []).map((a) => a.area));
      if (bounds) this.home = bounds;
      if (bounds) this.moveOrigin(bounds);
      if (bounds) this.fit(bounds);
    }
    this.#drawDrawing();
    this.legend.replaceChildren(...legendOf(drawing));
    this.legend.hidden = !this.legend.childElementCount;
    if (!this.hasAttribute("table") && drawing.table !== false) this.#writeTable(drawing);
    this.setView(this.view);
  }

  /** A named group of the drawing, in its own units (see `local`); made when first asked for. */
  layer(name) {
    if (!this.#layers.has(name)) {
      const group = document.createElementNS(SVG, "g");
      group.classList.add(`layer-${name}`);
      this.overlay.append(group);
      this.#layers.set(name, group);
    }
    return this.#layers.get(name);
  }

  /** [lon, lat] to the drawing's units. */
  local([lon, lat]) {
    return this.localOfWorld(this.origin.x + nearest(mercatorX(lon) - this.origin.x), mercatorY(lat));
  }

  localOfWorld(x, y) {
    const px = worldPx(UNIT_ZOOM);
    return [(x - this.origin.x) * px, (y - this.origin.y) * px];
  }

  /** Units of the drawing in one metre, at the origin's latitude unless told. */
  perMetre(lat = latOf(this.origin.y)) {
    return mercatorPerMetre(lat) * worldPx(UNIT_ZOOM);
  }

  mercY(lat) { return mercatorY(lat); }

  /** [lon, lat] to pixels of the map's box. */
  project([lon, lat]) {
    const px = worldPx(this.view.zoom);
    return [
      this.size.width / 2 + nearest(mercatorX(lon) - mercatorX(this.view.lon)) * px,
      this.size.height / 2 + (mercatorY(lat) - mercatorY(this.view.lat)) * px,
    ];
  }

  /** Pixels of the map's box to [lon, lat]. */
  unproject([x, y]) {
    const px = worldPx(this.view.zoom);
    return [
      lonOf(mercatorX(this.view.lon) + (x - this.size.width / 2) / px),
      latOf(mercatorY(this.view.lat) + (y - this.size.height / 2) / px),
    ];
  }

  /** Metres that one pixel shows in the middle of the map. */
  metresPerPx() {
    return 1 / (mercatorPerMetre(this.view.lat) * worldPx(this.view.zoom));
  }

  setView({ lon, lat, zoom }) {
    this.view = { lon, lat: Math.max(-85, Math.min(85, lat)), zoom: Math.max(MIN_ZOOM, Math.min(MAX_ZOOM, zoom)) };
    if (!this.#pending) this.#pending = requestAnimationFrame(() => this.#draw());
  }

  /** Look at [west, south, east, north] with a margin. */
  fit([w, s, e, n], marginPx = 36) {
    if (!this.size.width) { this.#fitWhenSized = [w, s, e, n]; return; }
    const tall = Math.abs(mercatorY(s) - mercatorY(n));
    const wide = Math.abs(e - w) / 360;
    const room = (side) => Math.max(40, side - 2 * marginPx);
    const zoom = Math.min(
      Math.log2(room(this.size.width) / (512 * Math.max(wide, 1e-9))),
      Math.log2(room(this.size.height) / (512 * Math.max(tall, 1e-9))), 17,
    );
    this.setView({ lon: (w + e) / 2, lat: latOf((mercatorY(s) + mercatorY(n)) / 2), zoom });
  }

  /** Zoom by `levels`, keeping the place under pixel `at` (the middle unless told). */
  zoomBy(levels, at = [this.size.width / 2, this.size.height / 2]) {
    const [lon, lat] = this.unproject(at);
    const zoom = Math.max(MIN_ZOOM, Math.min(MAX_ZOOM, this.view.zoom + levels));
    const px = worldPx(zoom);
    this.setView({
      lon: lonOf(mercatorX(lon) - (at[0] - this.size.width / 2) / px),
      lat: latOf(mercatorY(lat) - (at[1] - this.size.height / 2) / px), zoom,
    });
  }

  panBy(dx, dy) {
    const [lon, lat] = this.unproject([this.size.width / 2 + dx, this.size.height / 2 + dy]);
    this.setView({ ...this.view, lon, lat });
  }

  /** One sentence for those who listen and those who look. */
  say(text) {
    this.note.textContent = text;
  }

  #drawDrawing() {
    if (!this.drawing) return;
    drawAreas(this, this.layer("areas"), this.drawing.areas ?? []);
    drawCrossings(this, this.layer("crossings"), this.drawing.crossings ?? []);
    drawFixes(this, this.layer("fixes"), this.drawing.fixes ?? []);
  }

  #build() {
    const label = this.getAttribute("label") ?? "Map";
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("aria-hidden", "true");
    this.svg.setAttribute("class", "map-svg");
    [this.ground, this.overlay] = ["ground", "overlay"].map((name) => {
      const group = document.createElementNS(SVG, "g");
      group.setAttribute("class", `map-${name}`);
      this.svg.append(group);
      return group;
    });
    this.handles = html("div", { class: "map-handles" });
    this.canvas = html("div", { class: "map-canvas", tabindex: "0", role: "application", "aria-roledescription": "map",
      "aria-label": `${label}. Arrow keys move, plus and minus zoom, 0 shows everything.` }, this.svg, this.handles);
    this.scale = html("p", { class: "map-scale", "aria-hidden": "true" });
    this.note = html("p", { class: "map-note", role: "status" });
    this.credit = html("p", { class: "map-credit" });
    this.legend = html("ul", { class: "map-legend", hidden: "" });
    const frame = html("div", { class: "map-frame" }, this.canvas, this.#controls(), this.scale, this.credit);
    this.append(frame, this.note, this.legend);
    if (this.getAttribute("table")) this.canvas.setAttribute("aria-describedby", this.getAttribute("table"));
  }

  #controls() {
    const button = (text, name, act) => {
      const node = html("button", { type: "button", "aria-label": name, title: name }, text);
      node.addEventListener("click", act);
      return node;
    };
    return html("div", { class: "map-controls" },
      button("+", "Zoom in", () => this.zoomBy(1)), button("−", "Zoom out", () => this.zoomBy(-1)),
      button("⤢", "Show everything", () => this.home && this.fit(this.home)));
  }

  async #start() {
    this.resizer = new ResizeObserver(() => this.#resized());
    this.resizer.observe(this.canvas);
    this.#resized();
    const [config, drawing] = await Promise.all([mapConfig(), this.#load()]);
    this.credit.textContent = config.attribution ?? "";
    if (config.bounds && !drawing) { this.moveOrigin(config.bounds); this.fit(config.bounds); }
    if (config.bounds) this.home ??= config.bounds;
    if (drawing) this.show(drawing);
    await this.#startBase(config);
    this.setAttribute("data-engine", this.base?.name ?? "none");
    this.setView(this.view);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.base?.restyle());
    new MutationObserver(() => this.base?.restyle()).observe(document.documentElement, { attributeFilter: ["data-theme", "class"] });
    this.dispatchEvent(new CustomEvent("mapready"));
  }

  async #startBase(config) {
    const wantsSvg = this.getAttribute("engine") === "svg" || !hasWebGL();
    try {
      this.base = wantsSvg ? await svgBase(this, config) : await glBase(this.canvas, config);
    } catch (error) {
      this.base = await svgBase(this, config).catch(() => null);
      this.dispatchEvent(new CustomEvent("mapbaseerror", { detail: String(error) }));
    }
    if (!this.base) this.say("The streets could not be loaded; positions and places are drawn without them.");
    else if (wantsSvg && config.base === "pmtiles") this.say("This browser cannot draw the streets; positions and places are drawn without them.");
  }

  async #load() {
    const inline = this.getAttribute("data");
    if (inline) return JSON.parse(document.getElementById(inline).textContent);
    const src = this.getAttribute("src");
    if (!src) return null;
    try {
      const response = await fetch(src, { credentials: "same-origin" });
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      return await response.json();
    } catch {
      this.say("The positions could not be loaded. Load the page again; nothing was lost.");
      return null;
    }
  }

  /** Count the drawing's units from the middle of these bounds, so that small steps keep their precision. */
  moveOrigin([w, s, e, n]) {
    if (this.ground.childElementCount) return; // the ground is drawn in the old units: keep them
    this.origin = { x: mercatorX((w + e) / 2), y: (mercatorY(s) + mercatorY(n)) / 2 };
    this.#drawDrawing();
  }

  #resized() {
    if (matchMedia("print").matches) return; // paper scales what the screen showed: see the viewBox
    const { clientWidth: width, clientHeight: height } = this.canvas;
    this.size = { width, height };
    if (width && height) this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    if (width && this.#fitWhenSized) {
      const bounds = this.#fitWhenSized;
      this.#fitWhenSized = null;
      this.fit(bounds);
    }
    this.base?.resize();
    if (width) this.setView(this.view);
  }

  #draw() {
    this.#pending = 0;
    const k = 2 ** (this.view.zoom - UNIT_ZOOM);
    const [x, y] = this.local([this.view.lon, this.view.lat]);
    const place = `translate(${(this.size.width / 2 - x * k).toFixed(2)} ${(this.size.height / 2 - y * k).toFixed(2)}) scale(${k})`;
    this.ground.setAttribute("transform", place);
    this.overlay.setAttribute("transform", place);
    this.base?.show(this.view);
    this.#drawScale();
    this.dispatchEvent(new CustomEvent("mapmove"));
  }

  #drawScale() {
    const wanted = this.metresPerPx() * 90;
    const power = 10 ** Math.floor(Math.log10(wanted));
    const metres = [5, 2, 1].map((n) => n * power).find((m) => m <= wanted) ?? power;
    this.scale.style.width = `${metres / this.metresPerPx()}px`;
    this.scale.textContent = metresInWords(metres);
  }

  #writeTable(drawing) {
    this.tableBox?.remove();
    this.tableBox = html("details", { class: "map-table more" }, html("summary", {}, "The same as a table"), tableOf(drawing));
    this.append(this.tableBox);
  }

  #listen() {
    this.canvas.addEventListener("keydown", (event) => this.#key(event));
    this.canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.canvas.addEventListener("dblclick", (event) => { if (!event.defaultPrevented) this.zoomBy(1, this.#at(event)); });
    for (const type of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) {
      this.canvas.addEventListener(type, (event) => this.#pointer(event));
    }
  }

  #at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  #key(event) {
    if (event.target !== this.canvas || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (moves[event.key]) {
      const step = event.shiftKey ? STEP_PX / 8 : STEP_PX;
      this.panBy(...moves[event.key].map((d) => d * step));
    } else if (event.key === "+" || event.key === "=") this.zoomBy(1);
    else if (event.key === "-" || event.key === "_") this.zoomBy(-1);
    else if (event.key === "0" && this.home) this.fit(this.home);
    else return;
    event.preventDefault();
  }

  // The page scrolls under the wheel until somebody works in the map, or holds Ctrl.
  #wheel(event) {
    if (!event.ctrlKey && !this.contains(document.activeElement)) return;
    event.preventDefault();
    this.zoomBy(Math.max(-1, Math.min(1, -event.deltaY / 240)), this.#at(event));
  }

  // One finger scrolls the page (touch-action in map.css), two move the map; a mouse or pen drags it.
  #pointer(event) {
    const pointers = this.#pointers;
    if (event.type === "pointerdown") {
      if (event.target.closest?.(".map-handle")) return;
      if (event.pointerType !== "touch") this.canvas.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, this.#at(event));
      return;
    }
    if (!pointers.has(event.pointerId)) return;
    const [before, now] = [pointers.get(event.pointerId), this.#at(event)];
    if (event.type !== "pointermove") { pointers.delete(event.pointerId); return; }
    const others = [...pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    pointers.set(event.pointerId, now);
    if (event.pointerType === "touch" && !others.length) return;
    if (others.length) {
      const [other] = others;
      const spread = (p) => Math.max(10, Math.hypot(p[0] - other[0], p[1] - other[1]));
      this.zoomBy(Math.log2(spread(now) / spread(before)), other);
    }
    this.panBy((before[0] - now[0]) / (others.length + 1), (before[1] - now[1]) / (others.length + 1));
  }
}

customElements.define("surety-map", SuretyMap);
