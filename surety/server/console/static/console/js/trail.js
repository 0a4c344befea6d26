// A trail looked at in time: map, timeline, table and one scrubber that moves all three.
// A moment inside a gap shows no position at all: what was not recorded is not guessed.

import { GAP_MS, trustOf } from "./map-draw.js";

const SVG = "http://www.w3.org/2000/svg";
const TRUST_WORDS = { sure: "position", vague: "vague position", area: "cell or Wi-Fi position, proves no place" };
const FRAME_MS = 50;

const svg = (name, attributes, text) => {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text) node.textContent = text;
  return node;
};

const html = (name, attributes = {}, ...children) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
};

/** What is known at an instant: {fix} when a fix is at most five minutes old and no gap follows, else {before, after}. */
export function knownAt(fixes, atMs) {
  let [low, high] = [0, fixes.length];
  while (low < high) {
    const mid = (low + high) >> 1;
    if (fixes[mid].at_ms <= atMs) low = mid + 1; else high = mid;
  }
  const [before, after] = [fixes[low - 1] ?? null, fixes[low] ?? null];
  const inGap = before && after && after.at_ms - before.at_ms > GAP_MS && atMs > before.at_ms;
  const stale = before && !after && atMs - before.at_ms > GAP_MS;
  if (!before || inGap || stale) return { fix: null, before, after };
  return { fix: before, before, after };
}

class Trail {
  constructor(root) {
    this.root = root;
    this.data = JSON.parse(document.getElementById(root.dataset.trail).textContent);
    this.map = root.querySelector("surety-map");
    this.rows = new Map([...root.querySelectorAll("tr[data-at-ms]")].map((tr) => [Number(tr.dataset.atMs), tr]));
    this.clock = new Intl.DateTimeFormat("en-GB", { timeZone: this.data.time_zone, weekday: "short", day: "numeric", month: "short",
      hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" });
    this.build();
    this.seek(this.data.from_ms);
    this.map.ready?.then(() => this.seek(this.at)); // drawn again in the units of the finished map
  }

  build() {
    const { from_ms: from, to_ms: to } = this.data;
    this.range = html("input", { type: "range", min: from, max: to, step: 1000, value: from, "aria-label": "Moment of the trail", class: "trail-range" });
    this.play = html("button", { type: "button", class: "button", "aria-pressed": "false" }, "Play");
    this.speed = html("select", { "aria-label": "Speed of playback" });
    for (const [value, text] of [[60, "1 min a second"], [300, "5 min a second"], [900, "15 min a second"], [3600, "1 h a second"]]) {
      this.speed.append(html("option", { value, ...(value === 900 ? { selected: "" } : {}) }, text));
    }
    this.previous = html("button", { type: "button", class: "button" }, "Previous position");
    this.next = html("button", { type: "button", class: "button" }, "Next position");
    this.moment = html("output", { class: "trail-moment" });
    this.timeline = this.buildTimeline();
    const controls = html("div", { class: "trail-controls" }, this.play, this.speed, this.previous, this.next);
    const player = this.root.querySelector("[data-player]");
    player.append(this.moment, this.timeline, this.range, controls);
    player.hidden = false;
    this.range.addEventListener("input", () => this.seek(Number(this.range.value)));
    this.play.addEventListener("click", () => (this.timer ? this.stop() : this.start()));
    this.previous.addEventListener("click", () => this.step(-1));
    this.next.addEventListener("click", () => this.step(1));
  }

  share(atMs) {
    return ((atMs - this.data.from_ms) / (this.data.to_ms - this.data.from_ms)) * 1000;
  }

  buildTimeline() {
    const lanes = [this.positionLane(), ...(this.data.lanes ?? []).map((lane) => this.spanLane(lane))];
    const drawing = html("div", { class: "timeline" }, ...lanes);
    this.cursor = html("div", { class: "timeline-cursor", "aria-hidden": "true" });
    drawing.append(this.cursor);
    const seekAt = (event) => {
      const box = drawing.querySelector("svg").getBoundingClientRect();
      const share = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
      this.seek(Math.round(this.data.from_ms + share * (this.data.to_ms - this.data.from_ms)));
    };
    drawing.addEventListener("pointerdown", (event) => { drawing.setPointerCapture(event.pointerId); this.dragging = true; seekAt(event); });
    drawing.addEventListener("pointermove", (event) => this.dragging && seekAt(event));
    for (const end of ["pointerup", "pointercancel"]) drawing.addEventListener(end, () => { this.dragging = false; });
    return drawing;
  }

  lane(name, ...shapes) {
    const picture = svg("svg", { viewBox: "0 0 1000 20", preserveAspectRatio: "none", "aria-hidden": "true", class: "lane-picture" });
    picture.append(...shapes);
    return html("div", { class: "lane" }, html("span", { class: "lane-name" }, name), picture);
  }

  positionLane() {
    const fixes = this.data.fixes;
    const inner = [{ at_ms: this.data.from_ms }, ...fixes, { at_ms: this.data.to_ms }];
    const gaps = inner.slice(1).flatMap((fix, i) => (fix.at_ms - inner[i].at_ms > GAP_MS ? [[inner[i].at_ms, fix.at_ms]] : []));
    const shapes = gaps.map(([from, to]) => svg("rect", { x: this.share(from), y: 2, width: this.share(to) - this.share(from), height: 16, class: "lane-gap" }));
    for (const trust of ["area", "vague", "sure"]) {
      const d = fixes.filter((f) => trustOf(f) === trust).map((f) => `M${this.share(f.at_ms).toFixed(1)} ${trust === "sure" ? 3 : 9}V17`).join("");
      if (d) shapes.push(svg("path", { d, class: `lane-tick tick-${trust}` }));
    }
    return this.lane("Positions", ...shapes);
  }

  spanLane({ name, spans }) {
    const shapes = spans.map(({ from_ms: from, to_ms: to, state, text }) => {
      const x = Math.max(0, this.share(from));
      const rect = svg("rect", { x, y: 3, width: Math.max(2, Math.min(1000, this.share(to)) - x), height: 14, class: `lane-span span-${state}` });
      rect.append(svg("title", {}, text ?? ""));
      return rect;
    });
    return this.lane(name, ...shapes);
  }

  seek(atMs) {
    this.at = Math.max(this.data.from_ms, Math.min(this.data.to_ms, atMs));
    const { fix, before, after } = knownAt(this.data.fixes, this.at);
    const time = this.clock.format(this.at);
    this.range.value = this.at;
    this.range.setAttribute("aria-valuetext", `${time}: ${this.words(fix, before, after)}`);
    this.moment.replaceChildren(html("strong", {}, time), ` ${this.words(fix, before, after)}`);
    this.cursor.style.setProperty("--at", String(this.share(this.at) / 1000));
    this.mark(fix);
    this.root.toggleAttribute("data-unknown", !fix);
  }

  words(fix, before, after) {
    if (fix) return `${TRUST_WORDS[trustOf(fix)]}, error ${fix.accuracy_m ? `${Math.round(fix.accuracy_m)} m` : "not told"}`;
    if (!before && !after) return "No position was recorded.";
    if (!before) return "Not known: no position yet in this window.";
    return `Not known: no position since ${before.text}${after ? ` until ${after.text}` : ""}.`;
  }

  mark(fix) {
    const layer = this.map.layer("now");
    layer.replaceChildren();
    this.row?.classList.remove("is-now");
    if (!fix) return;
    const [x, y] = this.map.local([fix.lon_deg, fix.lat_deg]);
    if (fix.accuracy_m) layer.append(svg("circle", { cx: x, cy: y, r: fix.accuracy_m * this.map.perMetre(fix.lat_deg), class: "now-error" }));
    layer.append(svg("path", { d: `M${x} ${y}h0`, class: "now-ring" }), svg("path", { d: `M${x} ${y}h0`, class: "now-dot" }));
    this.row = this.rows.get(fix.at_ms);
    this.row?.classList.add("is-now");
  }

  step(direction) {
    this.stop();
    const fixes = this.data.fixes;
    const index = direction > 0 ? fixes.findIndex((f) => f.at_ms > this.at) : fixes.findLastIndex((f) => f.at_ms < this.at);
    if (index >= 0) this.seek(fixes[index].at_ms);
  }

  start() {
    if (this.at >= this.data.to_ms) this.seek(this.data.from_ms);
    this.timer = setInterval(() => {
      this.seek(this.at + FRAME_MS * Number(this.speed.value));
      if (this.at >= this.data.to_ms) this.stop();
    }, FRAME_MS);
    this.play.textContent = "Pause";
    this.play.setAttribute("aria-pressed", "true");
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.play.textContent = "Play";
    this.play.setAttribute("aria-pressed", "false");
  }
}

customElements.whenDefined("surety-map").then(() => {
  for (const root of document.querySelectorAll("[data-trail]")) new Trail(root);
});
