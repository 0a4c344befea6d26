// Areas, fixes with their error, and the way between them as it was recorded: a gap is a gap, never a line.

export const GAP_MS = 5 * 60_000; // over five minutes without a fix is missing data (FIELD: the field's own rule)
const SPARSE_MS = 90_000; // devices report about once a minute; up to here nothing is missing
const VAGUE_M = 100; // an error of a street block or more
const SVG = "http://www.w3.org/2000/svg";

const node = (name, attributes) => {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};

const ROLE_WORDS = { exclusion: "Exclusion zone: do not enter", inclusion: "Inclusion zone: do not leave", restriction: "Restriction zone: do not stay", home: "Curfew address" };

/** The path of a circle or a polygon with its holes, in the drawing's units. */
export function areaPath(map, area) {
  if (area.shape === "circle") {
    const [x, y] = map.local([area.lon_deg, area.lat_deg]);
    const r = area.radius_m * map.perMetre(area.lat_deg);
    return `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
  }
  return [area.ring, ...(area.holes ?? [])]
    .map((ring) => ring.map((p, i) => `${i ? "L" : "M"}${map.local(p).map((v) => v.toFixed(2)).join(" ")}`).join("") + "Z").join("");
}

/** Draw each area in the way of its role; colour never alone: exclusion is hatched, home dotted. */
export function drawAreas(map, layer, areas) {
  layer.replaceChildren(...areas.flatMap((a) => {
    const d = areaPath(map, a.area);
    const role = a.role in ROLE_WORDS ? a.role : "home";
    return [node("path", { d, class: `area area-${role}`, "fill-rule": "evenodd" }), node("path", { d, class: `area-edge area-edge-${role}` })];
  }));
}

/** How a fix may be trusted: "sure", "vague" (a wide circle) or "area" (cell or Wi-Fi only: never proof of a place). */
export function trustOf(fix) {
  if (fix.source === "cell" || fix.source === "wifi") return "area";
  return fix.accuracy_m === null || fix.accuracy_m === undefined || fix.accuracy_m > VAGUE_M ? "vague" : "sure";
}

/** What lies between two fixes: "close", "sparse", or "gap" where nothing is known. */
export function gapOf(before, after) {
  const gap = after.at_ms - before.at_ms;
  if (gap > GAP_MS) return "gap";
  return gap > SPARSE_MS ? "sparse" : "close";
}

/** Lines, gaps' ends, error circles and dots. One path a class, so that a day of fixes stays light. */
export function drawFixes(map, layer, fixes) {
  const lines = { close: "", sparse: "" };
  const ends = [];
  fixes.slice(1).forEach((fix, i) => {
    const gap = gapOf(fixes[i], fix);
    const [from, to] = [fixes[i], fix].map((f) => map.local([f.lon_deg, f.lat_deg]));
    if (gap === "gap") ends.push(from, to);
    else lines[gap] += `M${from.map((v) => v.toFixed(1)).join(" ")}L${to.map((v) => v.toFixed(1)).join(" ")}`;
  });
  const dots = { sure: "", vague: "", area: "", marked: "" };
  let errors = "";
  for (const fix of fixes) {
    const at = map.local([fix.lon_deg, fix.lat_deg]);
    const dot = `M${at.map((v) => v.toFixed(1)).join(" ")}h0`;
    dots[trustOf(fix)] += dot;
    if (fix.mark) dots.marked += dot;
    if (fix.accuracy_m) errors += areaPath(map, { shape: "circle", lon_deg: fix.lon_deg, lat_deg: fix.lat_deg, radius_m: fix.accuracy_m });
  }
  const path = (d, name) => (d ? [node("path", { d, class: name })] : []);
  layer.replaceChildren(
    ...path(errors, "fix-error"), ...path(lines.close, "way way-close"), ...path(lines.sparse, "way way-sparse"),
    ...path(ends.map(([x, y]) => `M${x.toFixed(1)} ${y.toFixed(1)}h0`).join(""), "gap-end"),
    ...path(dots.marked, "fix-mark"),
    ...path(dots.area, "fix fix-area"), ...path(dots.area, "fix-hole"),
    ...path(dots.vague, "fix fix-vague"), ...path(dots.vague, "fix-hole"), ...path(dots.sure, "fix fix-sure"),
  );
}

/** The straight ways between two positions that go through a zone: nobody recorded them, so they look like no other line. */
export function drawCrossings(map, layer, crossings) {
  layer.replaceChildren(...crossings.map(({ from, to }) => {
    const [start, end] = [from, to].map((p) => map.local(p).map((v) => v.toFixed(1)).join(" "));
    return node("path", { d: `M${start}L${end}`, class: "crossing" });
  }));
}

const item = (className, text) => {
  const li = document.createElement("li");
  const key = document.createElement("span");
  key.className = `key key-${className}`;
  key.setAttribute("aria-hidden", "true");
  li.append(key, text);
  return li;
};

/** The words for what is drawn, and only for that. */
export function legendOf({ areas = [], fixes = [], crossings = [] }) {
  const roles = [...new Set(areas.map((a) => (a.role in ROLE_WORDS ? a.role : "home")))];
  const items = roles.map((role) => item(role, ROLE_WORDS[role]));
  if (crossings.length) items.push(item("crossing", "Possible crossing: the straight way between two positions, not recorded"));
  if (!fixes.length) return items;
  const trusts = new Set(fixes.map(trustOf));
  const gaps = new Set(fixes.slice(1).map((fix, i) => gapOf(fixes[i], fix)));
  if (trusts.has("sure")) items.push(item("sure", "Position"));
  if (trusts.has("vague")) items.push(item("vague", "Position, error over 100 m or not told"));
  if (trusts.has("area")) items.push(item("cell", "Cell or Wi-Fi only: proves no place"));
  if (fixes.some((f) => f.accuracy_m)) items.push(item("error", "Error the device claims (about 2 of 3 lie within)"));
  if (gaps.has("close")) items.push(item("close", "Next position within 90 s"));
  if (gaps.has("sparse")) items.push(item("sparse", "Next within 5 min"));
  if (gaps.has("gap")) items.push(item("gap", "Gap over 5 min: not known, no line"));
  if (fixes.some((f) => f.mark)) items.push(item("mark", "The finding rests on it"));
  return items;
}

const row = (tag, cells) => {
  const tr = document.createElement("tr");
  for (const text of cells) { const cell = document.createElement(tag); cell.textContent = text; tr.append(cell); }
  return tr;
};

/** The drawing as a table: areas first, then every position with its error. */
export function tableOf({ areas = [], fixes = [], crossings = [] }) {
  const table = document.createElement("table");
  table.createTHead().append(row("th", ["What", "When", "Where (latitude, longitude)", "Error"]));
  const body = table.createTBody();
  for (const { name, role, area } of areas) {
    const where = area.shape === "circle" ? `${area.lat_deg.toFixed(5)}, ${area.lon_deg.toFixed(5)}` : `${area.ring.length} corners`;
    const extent = area.shape === "circle" ? `radius ${Math.round(area.radius_m)} m` : "";
    body.append(row("td", [`${ROLE_WORDS[role] ?? "Place"}: ${name}`, "", where, extent]));
  }
  for (const { text, at } of crossings) body.append(row("td", [text, at, "between two positions", ""]));
  for (const fix of fixes) {
    const error = fix.accuracy_m ? `${Math.round(fix.accuracy_m)} m` : "not told";
    body.append(row("td", [`Position (${fix.source})`, fix.text ?? "", `${fix.lat_deg.toFixed(5)}, ${fix.lon_deg.toFixed(5)}`, error]));
  }
  const box = document.createElement("div");
  Object.assign(box, { className: "table-scroll", tabIndex: 0 });
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", "Positions and places as a table");
  box.append(table);
  return box;
}
