// An area drawn on a map: circle or polygon, by mouse, touch, keyboard, typing or a file.
// The form's own fields are the truth; the drawing reads and writes them, so the form also works without any of this.
//
// Inside [data-area-editor]: radios [data-field=shape] (circle, polygon), inputs lat, lon, radius, textarea corners
// ("latitude, longitude" a line, an empty line before a hole), <surety-map>, input[type=file][data-field=file].

import { boundsOf, circleBounds, distanceM, inWords, metresInWords, offset, polygonAreaM2 } from "./geo.js";
import { areaPath } from "./map-draw.js";

const SVG = "http://www.w3.org/2000/svg";
const CLICK_PX = 5;
const MIN_RADIUS_M = 10;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** Corners as people type them, to rings of [lon, lat]; lines that are no position are left out. */
export function parseCorners(text) {
  const rings = [[]];
  for (const line of text.split(/\r?\n/)) {
    const match = line.match(/^\s*(-?\d+(?:\.\d+)?)\s*[,;\s]\s*(-?\d+(?:\.\d+)?)\s*$/);
    if (match) rings.at(-1).push([Number(match[2]), Number(match[1])]);
    else if (!line.trim() && rings.at(-1).length) rings.push([]);
  }
  return rings.filter((ring) => ring.length);
}

// Six decimals, a tenth of a metre: a corner that nobody touched comes back as it was.
const cornerText = ([lon, lat]) => `${lat.toFixed(6)}, ${lon.toFixed(6)}`;
const formatCorners = (rings) => rings.map((ring) => ring.map(cornerText).join("\n")).join("\n\n");

/** The first polygon of a GeoJSON file as rings, the closing corner dropped. Throws a sentence. */
export function ringsOfGeoJSON(text) {
  let data;
  try { data = JSON.parse(text); } catch { throw new Error("The file is not GeoJSON: it cannot be read as JSON."); }
  const geometries = (data.features ?? [data]).map((f) => f.geometry ?? f);
  const found = geometries.find((g) => g?.type === "Polygon" || g?.type === "MultiPolygon");
  if (!found) throw new Error("The file holds no polygon; draw the area as one and save it again.");
  const rings = found.type === "Polygon" ? found.coordinates : found.coordinates[0];
  return rings.map((ring) => ring.slice(0, -1).map(([lon, lat]) => [lon, lat]));
}

class AreaEditor {
  constructor(box) {
    this.box = box;
    this.map = box.querySelector("surety-map");
    this.past = [];
    this.drawing = false;
    const field = (name) => box.querySelector(`[data-field="${name}"]`);
    this.fields = { lat: field("lat"), lon: field("lon"), radius: field("radius"), corners: field("corners"), file: field("file") };
    this.shapes = [...box.querySelectorAll('[data-field="shape"]')];
    this.buildTools();
    this.listen();
    this.map.ready.then(() => { this.lookAt(); this.refresh(); });
    this.refresh();
  }

  get shape() { return this.shapes.find((s) => s.checked)?.value ?? this.shapes[0]?.value ?? "circle"; }

  get circle() {
    const [lat, lon, radius] = ["lat", "lon", "radius"].map((n) => (this.fields[n].value.trim() === "" ? NaN : Number(this.fields[n].value)));
    return Number.isFinite(lat) && Number.isFinite(lon) ? { shape: "circle", lat_deg: lat, lon_deg: lon, radius_m: radius > 0 ? radius : 100 } : null;
  }

  get rings() { return parseCorners(this.fields.corners.value); }

  buildTools() {
    const button = (text, act) => {
      const node = document.createElement("button");
      Object.assign(node, { type: "button", className: "button button-quiet", textContent: text });
      node.addEventListener("click", act);
      return node;
    };
    this.drawButton = button("", () => this.setDrawing(!this.drawing));
    this.undoButton = button("Undo", () => this.undo());
    this.clearButton = button("Start again", () => { this.keep(); this.write(this.shape === "circle" ? null : []); this.setDrawing(true); });
    this.extent = document.createElement("p");
    this.extent.className = "area-extent";
    const tools = document.createElement("div");
    tools.className = "area-tools";
    tools.append(this.drawButton, button("Use the middle of the map", () => this.place([this.map.view.lon, this.map.view.lat])), this.undoButton, this.clearButton);
    this.map.before(tools);
    this.map.after(this.extent);
    this.cross = document.createElement("div");
    this.cross.className = "map-cross";
    this.setDrawing(!this.circle && !this.rings.length);
  }

  listen() {
    for (const input of [...this.shapes, ...Object.values(this.fields)]) {
      if (input && input.type !== "file") input.addEventListener("input", () => this.refresh());
    }
    for (const radio of this.shapes) radio.addEventListener("change", () => this.changedShape());
    this.fields.file?.addEventListener("change", () => this.readFile());
    this.map.addEventListener("mapmove", () => this.positionHandles());
    const { canvas } = this.map;
    canvas.setAttribute("aria-label", `${this.map.getAttribute("label")}. Arrow keys move, plus and minus zoom, Enter puts a corner or the middle of the circle at the cross.`);
    canvas.append(this.cross);
    canvas.addEventListener("pointerdown", (e) => { this.pressed = e.target.closest(".map-handle") ? null : [e.clientX, e.clientY]; });
    canvas.addEventListener("pointerup", (e) => this.clicked(e));
    canvas.addEventListener("dblclick", (e) => this.drawing && e.preventDefault(), { capture: true });
    canvas.addEventListener("keydown", (e) => {
      if (e.target === canvas && e.key === "Enter") { e.preventDefault(); this.place([this.map.view.lon, this.map.view.lat]); }
      if ((e.ctrlKey || e.metaKey) && e.key === "z") { e.preventDefault(); this.undo(); }
    });
  }

  clicked(event) {
    const from = this.pressed;
    this.pressed = null;
    if (!from || !this.drawing || event.button !== 0 || Math.hypot(event.clientX - from[0], event.clientY - from[1]) > CLICK_PX) return;
    const box = this.map.canvas.getBoundingClientRect();
    this.place(this.map.unproject([event.clientX - box.left, event.clientY - box.top]));
  }

  setDrawing(on) {
    this.drawing = on;
    this.drawButton.setAttribute("aria-pressed", String(on));
    this.drawButton.textContent = this.shape === "circle" ? "Put the middle with a click" : "Add corners with clicks";
    this.map.classList.toggle("is-drawing", on);
  }

  changedShape() {
    if (this.shape === "polygon" && !this.rings.length && this.circle) {
      const c = this.circle; // begin from the circle: eight corners on it
      const corners = [...Array(8).keys()].map((i) => offset([c.lon_deg, c.lat_deg], c.radius_m * Math.sin(i * Math.PI / 4), c.radius_m * Math.cos(i * Math.PI / 4)));
      this.write([corners]);
    }
    this.setDrawing(this.drawing);
    this.refresh();
  }

  /** A corner at the end, or the circle's middle. */
  place(at) {
    this.keep();
    if (this.shape === "circle") {
      this.write({ ...(this.circle ?? { shape: "circle", radius_m: 100 }), lon_deg: at[0], lat_deg: at[1] });
      this.setDrawing(false);
      this.map.say(`The middle is at ${inWords(at)}.`);
    } else {
      const [outer = [], ...holes] = this.rings;
      this.write([[...outer, at], ...holes]);
      this.map.say(`Corner ${outer.length + 1} at ${inWords(at)}.`);
    }
  }

  keep() {
    this.past.push(Object.fromEntries(["lat", "lon", "radius", "corners"].map((n) => [n, this.fields[n].value])));
    if (this.past.length > 100) this.past.shift();
  }

  undo() {
    const before = this.past.pop();
    if (!before) { this.map.say("There is nothing to undo."); return; }
    for (const [name, value] of Object.entries(before)) this.fields[name].value = value;
    this.map.say("Undone.");
    this.changed();
  }

  /** A circle or rings into the form's fields. */
  write(area) {
    if (this.shape === "circle") {
      this.fields.lat.value = area ? area.lat_deg.toFixed(6) : "";
      this.fields.lon.value = area ? area.lon_deg.toFixed(6) : "";
      if (area) this.fields.radius.value = String(Math.max(MIN_RADIUS_M, Math.round(area.radius_m)));
    } else {
      this.fields.corners.value = formatCorners(area ?? []);
    }
    this.changed();
  }

  changed() {
    this.refresh();
    this.box.dispatchEvent(new Event("input", { bubbles: true }));
  }

  area() {
    if (this.shape === "circle") return this.circle;
    const [ring, ...holes] = this.rings;
    return ring?.length ? { shape: "polygon", ring, holes } : null;
  }

  lookAt() {
    const area = this.area();
    if (!area) return;
    this.map.home = boundsOf([], [area]);
    this.map.moveOrigin(this.map.home);
    this.map.fit(this.map.home, 70);
  }

  refresh() {
    for (const part of this.box.querySelectorAll("[data-shape]")) part.hidden = part.dataset.shape !== this.shape;
    const area = this.area();
    const layer = this.map.layer("edited");
    layer.replaceChildren();
    if (area) {
      const d = areaPath(this.map, area);
      for (const className of ["area area-edited", "area-edge area-edge-edited"]) {
        const path = document.createElementNS(SVG, "path");
        path.setAttribute("d", d);
        path.setAttribute("fill-rule", "evenodd");
        path.setAttribute("class", className);
        layer.append(path);
      }
    }
    this.extent.textContent = this.extentWords(area);
    this.makeHandles(area);
  }

  extentWords(area) {
    if (!area) return "Nothing drawn yet.";
    if (area.shape === "circle") return `A circle of ${metresInWords(area.radius_m)} around ${inWords([area.lon_deg, area.lat_deg])}.`;
    const size = polygonAreaM2(area.ring);
    const words = size < 1e5 ? `${Math.round(size)} m²` : `${(size / 1e6).toFixed(2)} km²`;
    return area.ring.length < 3 ? `${area.ring.length} of at least 3 corners.` : `${area.ring.length} corners, ${words}${area.holes.length ? `, ${area.holes.length} left out inside` : ""}.`;
  }

  // --- handles: real buttons over the map, so that they take focus, touch and keys

  makeHandles(area) {
    const wanted = this.wantedHandles(area);
    const old = [...this.map.handles.children];
    const focused = old.indexOf(document.activeElement);
    const same = old.length === wanted.length && old.every((h, i) => h.dataset.role === wanted[i].role);
    if (!same) this.map.handles.replaceChildren(...wanted.map((w) => this.handle(w)));
    [...this.map.handles.children].forEach((node, i) => { node.spot = wanted[i]; node.setAttribute("aria-label", wanted[i].name); });
    if (!same && focused >= 0) (this.map.handles.children[Math.min(focused, wanted.length - 1)] ?? this.map.canvas).focus();
    this.positionHandles();
  }

  wantedHandles(area) {
    if (!area) return [];
    if (area.shape === "circle") {
      const middle = [area.lon_deg, area.lat_deg];
      const [, , east] = circleBounds(area);
      return [
        { role: "middle", at: middle, name: `Middle of the circle, ${inWords(middle)}. Arrow keys move it.` },
        { role: "radius", at: [east, area.lat_deg], name: `Radius ${Math.round(area.radius_m)} m. Arrow keys change it.` },
      ];
    }
    return area.ring.map((at, i) => ({ role: "corner", i, at,
      name: `Corner ${i + 1} of ${area.ring.length}, ${inWords(at)}. Arrow keys move it, Insert adds one after it, Delete removes it.` }))
      .concat(area.ring.length < 2 ? [] : area.ring.map((at, i) => {
        const next = area.ring[(i + 1) % area.ring.length];
        return { role: "between", i, at: [(at[0] + next[0]) / 2, (at[1] + next[1]) / 2], name: `Add a corner after corner ${i + 1}` };
      }));
  }

  handle(spot) {
    const node = document.createElement("button");
    node.type = "button";
    node.className = `map-handle handle-${spot.role}`;
    node.dataset.role = spot.role;
    if (spot.role === "between") node.tabIndex = -1; // the keyboard has Insert
    node.addEventListener("keydown", (event) => this.handleKey(event, node.spot));
    node.addEventListener("pointerdown", (event) => this.grab(event, node));
    return node;
  }

  positionHandles() {
    for (const node of this.map.handles.children) {
      if (!node.spot) continue;
      const [x, y] = this.map.project(node.spot.at);
      node.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px) translate(-50%, -50%)`;
    }
  }

  moveTo(spot, at) {
    if (spot.role === "middle") this.write({ ...this.circle, lon_deg: at[0], lat_deg: at[1] });
    else if (spot.role === "radius") this.write({ ...this.circle, radius_m: distanceM([this.circle.lon_deg, this.circle.lat_deg], at) });
    else {
      const [outer, ...holes] = this.rings;
      this.write([outer.map((p, i) => (i === spot.i ? at : p)), ...holes]);
    }
  }

  insertAfter(spot) {
    this.keep();
    const [outer, ...holes] = this.rings;
    const next = outer[(spot.i + 1) % outer.length];
    const at = [(outer[spot.i][0] + next[0]) / 2, (outer[spot.i][1] + next[1]) / 2];
    this.write([outer.toSpliced(spot.i + 1, 0, at), ...holes]);
    this.map.handles.children[spot.i + 1]?.focus();
    this.map.say(`Corner ${spot.i + 2} added at ${inWords(at)}.`);
  }

  removeCorner(spot) {
    this.keep();
    const [outer, ...holes] = this.rings;
    this.write([outer.toSpliced(spot.i, 1), ...holes].filter((ring) => ring.length));
    this.map.say(`Corner ${spot.i + 1} removed; ${outer.length - 1} left.`);
  }

  handleKey(event, spot) {
    if (event.ctrlKey || event.metaKey) return;
    if (spot.role === "corner" && (event.key === "Delete" || event.key === "Backspace")) this.removeCorner(spot);
    else if (spot.role === "corner" && (event.key === "Insert" || event.key === "+")) this.insertAfter(spot);
    else if (ARROWS[event.key]) {
      const step = this.map.metresPerPx() * (event.shiftKey ? 25 : 5);
      const [dx, dy] = ARROWS[event.key];
      this.keep();
      if (spot.role === "radius") this.write({ ...this.circle, radius_m: Math.max(MIN_RADIUS_M, this.circle.radius_m + (dx || dy) * Math.max(1, step)) });
      else this.moveTo(spot, offset(spot.at, dx * step, dy * step));
      this.map.say(this.extentWords(this.area()));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  grab(event, node) {
    if (event.button !== 0) return;
    event.preventDefault();
    event.stopPropagation();
    node.focus();
    if (node.spot.role === "between") { this.insertAfter(node.spot); return; }
    this.keep();
    node.setPointerCapture(event.pointerId);
    const box = this.map.canvas.getBoundingClientRect();
    const move = (e) => this.moveTo(node.spot, this.map.unproject([e.clientX - box.left, e.clientY - box.top]));
    node.addEventListener("pointermove", move);
    for (const end of ["pointerup", "pointercancel"]) node.addEventListener(end, () => node.removeEventListener("pointermove", move), { once: true });
  }

  async readFile() {
    const file = this.fields.file.files[0];
    if (!file) return;
    try {
      const rings = ringsOfGeoJSON(await file.text());
      this.keep();
      for (const radio of this.shapes) radio.checked = radio.value === "polygon";
      this.write(rings);
      this.setDrawing(false);
      this.lookAt();
      this.map.say(`Read from ${file.name}: ${this.extentWords(this.area())}`);
    } catch (error) {
      this.map.say(error.message);
    }
  }
}

/** Start the editors in a part of the page; for parts that are added later. */
export function startAreaEditors(part = document) {
  for (const box of part.querySelectorAll("[data-area-editor]:not([data-started])")) {
    box.dataset.started = "";
    new AreaEditor(box);
  }
}

customElements.whenDefined("surety-map").then(() => startAreaEditors());
