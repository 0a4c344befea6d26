// The ground under what we draw: MapLibre GL where the machine has WebGL, plain SVG where it has not.
// Both read the same colours from map.css and the same sources from /map/config.json; neither loads from elsewhere.

import { lonOf, mercatorX, nearest, worldPx } from "./geo.js";

const VENDOR = new URL("../../vendor/", import.meta.url);
const SVG = "http://www.w3.org/2000/svg";
const AREAS = ["park", "water", "school", "station", "shop", "building"];
const COLOURS = ["land", "street", "street-edge", "building", "water", "park", "rail", "school", "station", "shop", "label", "halo"];

let configPromise = null;

/** What the operator set: {base, url, attribution, bounds}. One request a page. */
export function mapConfig() {
  configPromise ??= fetch("/map/config.json", { credentials: "same-origin" })
    .then((r) => (r.ok ? r.json() : { base: "none" }))
    .catch(() => ({ base: "none" }));
  return configPromise;
}

/** Whether the browser can draw with WebGL 2. */
export function hasWebGL() {
  try {
    const context = document.createElement("canvas").getContext("webgl2", { failIfMajorPerformanceCaveat: false });
    context?.getExtension("WEBGL_lose_context")?.loseContext();
    return Boolean(context);
  } catch {
    return false;
  }
}

/** The colours of map.css as they are now (light or dark), as rgb() that MapLibre understands. */
function palette(host) {
  const probe = document.createElement("span");
  host.append(probe);
  const colours = {};
  for (const name of COLOURS) {
    probe.style.color = `var(--map-${name})`;
    colours[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return colours;
}

// A street's width in metres, roughly to scale: 0.6 px a metre at zoom 15 in the middle latitudes.
const byZoom = (width, factor) => ["interpolate", ["exponential", 2], ["zoom"], 10, ["max", 0.4, ["*", width, 0.02 * factor]],
  15, ["max", 1, ["*", width, 0.6 * factor]], 19, ["*", width, 9.6 * factor]];

function geojsonLayers(c) {
  const kind = (name) => ["==", ["get", "kind"], name];
  const width = ["coalesce", ["get", "width"], ["case", ["==", ["get", "main"], true], 11, 6]];
  const fill = (name) => ({ id: name, type: "fill", source: "base", filter: kind(name), paint: { "fill-color": c[name] } });
  const label = { "text-color": c.label, "text-halo-color": c.halo, "text-halo-width": 1.4 };
  return [
    ...AREAS.map(fill),
    { id: "rail", type: "line", source: "base", filter: kind("rail"), paint: { "line-color": c.rail, "line-width": 2, "line-dasharray": [4, 2] } },
    { id: "street-edge", type: "line", source: "base", filter: kind("street"), layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": c["street-edge"], "line-width": byZoom(width, 1.3) } },
    { id: "street", type: "line", source: "base", filter: kind("street"), layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": c.street, "line-width": byZoom(width, 1) } },
    { id: "street-name", type: "symbol", source: "base", filter: ["all", kind("street"), ["has", "name"]], minzoom: 14,
      layout: { "symbol-placement": "line", "text-field": ["get", "name"], "text-size": 11, "text-font": ["sans-serif"] }, paint: label },
    { id: "place-name", type: "symbol", source: "base", minzoom: 13,
      filter: ["all", ["has", "name"], ["in", ["get", "kind"], ["literal", ["school", "station", "park", "shop", "water"]]]],
      layout: { "text-field": ["get", "name"], "text-size": 12, "text-font": ["sans-serif"], "text-max-width": 8 }, paint: label },
  ];
}

// Names of layers differ from one maker of tiles to another; the words in them do not.
function vectorTileLayers(c, layers) {
  return layers.flatMap(({ id }) => {
    const at = { source: "base", "source-layer": id };
    if (/water|ocean/.test(id)) return [{ id, type: "fill", ...at, filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": c.water } }];
    if (/building/.test(id)) return [{ id, type: "fill", ...at, paint: { "fill-color": c.building } }];
    if (/park|landuse|landcover/.test(id)) return [{ id, type: "fill", ...at, filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": c.park, "fill-opacity": 0.5 } }];
    if (/road|street|transport|highway/.test(id)) {
      return [{ id, type: "line", ...at, paint: { "line-color": c.street, "line-width": ["interpolate", ["linear"], ["zoom"], 8, 0.5, 16, 6] } }];
    }
    if (/place|label|name/.test(id)) {
      return [{ id, type: "symbol", ...at, layout: { "text-field": ["get", "name"], "text-size": 12, "text-font": ["sans-serif"] },
        paint: { "text-color": c.label, "text-halo-color": c.halo, "text-halo-width": 1.4 } }];
    }
    return [];
  });
}

async function pmtilesSource(gl, url) {
  if (!globalThis.pmtiles) {
    await new Promise((done, failed) => {
      const script = document.createElement("script");
      Object.assign(script, { src: new URL("pmtiles.js", VENDOR).href, onload: done, onerror: failed });
      document.head.append(script);
    });
  }
  const protocol = new globalThis.pmtiles.Protocol();
  gl.addProtocol("pmtiles", protocol.tile);
  const archive = new globalThis.pmtiles.PMTiles(new URL(url, location.href).href);
  protocol.add(archive);
  const header = await archive.getHeader();
  const vector = header.tileType === 1;
  return { vector, layers: vector ? (await archive.getMetadata()).vector_layers ?? [] : [], url: `pmtiles://${archive.source.getKey()}` };
}

async function style(gl, config, colours) {
  const sources = {};
  let layers = [];
  if (config.base === "geojson") {
    sources.base = { type: "geojson", data: new URL(config.url, location.href).href };
    layers = geojsonLayers(colours);
  } else if (config.base === "xyz") {
    const tiles = [decodeURI(new URL(config.url, location.href).href)];
    sources.base = { type: "raster", tileSize: 256, tiles, maxzoom: 19 };
    layers = [{ id: "tiles", type: "raster", source: "base" }];
  } else if (config.base === "pmtiles") {
    const tiles = await pmtilesSource(gl, config.url);
    sources.base = { type: tiles.vector ? "vector" : "raster", url: tiles.url };
    layers = tiles.vector ? vectorTileLayers(colours, tiles.layers) : [{ id: "tiles", type: "raster", source: "base" }];
  }
  return { version: 8, sources, layers: [{ id: "land", type: "background", paint: { "background-color": colours.land } }, ...layers] };
}

/** MapLibre's own style sheet, for whichever page has a map. */
function vendorStyle() {
  const href = new URL("maplibre-gl.css", VENDOR).href;
  if ([...document.styleSheets].some((sheet) => sheet.href === href)) return Promise.resolve();
  return new Promise((done) => {
    const link = document.createElement("link");
    Object.assign(link, { rel: "stylesheet", href, onload: done, onerror: done });
    document.head.prepend(link);
  });
}

/** MapLibre as a picture only: it never takes input, `show(view)` puts it where the element says. */
export async function glBase(host, config) {
  const [gl] = await Promise.all([import(new URL("maplibre-gl.mjs", VENDOR).href), vendorStyle()]);
  gl.setWorkerUrl(new URL("maplibre-gl-worker.mjs", VENDOR).href);
  const box = document.createElement("div");
  box.className = "map-gl";
  host.prepend(box);
  const map = new gl.Map({
    container: box, style: await style(gl, config, palette(host)), interactive: false, attributionControl: false,
    fadeDuration: 0, maxPitch: 0, trackResize: false, canvasContextAttributes: { preserveDrawingBuffer: true },
  });
  map.getCanvas().removeAttribute("tabindex");
  map.getCanvas().setAttribute("aria-hidden", "true");
  map.getCanvas().removeAttribute("aria-label");
  map.getCanvas().removeAttribute("role");
  map.on("error", ({ error }) => host.dispatchEvent(new CustomEvent("mapbaseerror", { detail: String(error?.message ?? error) })));
  return {
    name: "gl",
    show: ({ lon, lat, zoom }) => map.jumpTo({ center: [lon, lat], zoom }),
    resize: () => map.resize(),
    restyle: async () => map.setStyle(await style(gl, config, palette(host))),
    remove: () => { map.remove(); box.remove(); },
    drawn: () => new Promise((done) => { if (map.loaded()) done(); else map.once("idle", done); }),
  };
}

const el = (name, attributes = {}) => {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
};

function pathOf(geometry, local) {
  const line = (points, close) => points.map((p, i) => `${i ? "L" : "M"}${local(p).map((v) => v.toFixed(1)).join(" ")}`).join("") + (close ? "Z" : "");
  switch (geometry?.type) {
    case "LineString": return line(geometry.coordinates, false);
    case "MultiLineString": return geometry.coordinates.map((l) => line(l, false)).join("");
    case "Polygon": return geometry.coordinates.map((r) => line(r, true)).join("");
    case "MultiPolygon": return geometry.coordinates.flat().map((r) => line(r, true)).join("");
    default: return "";
  }
}

const middle = (geometry) => {
  const ring = geometry.type === "Polygon" ? geometry.coordinates[0] : geometry.coordinates;
  if (geometry.type === "Point") return geometry.coordinates;
  if (geometry.type === "LineString") return ring[Math.floor(ring.length / 2)];
  const sum = ring.reduce(([x, y], [lon, lat]) => [x + lon, y + lat], [0, 0]);
  return [sum[0] / ring.length, sum[1] / ring.length];
};

/** The same ground as SVG, in the element's own drawing; `element` gives `ground`, `local` and `project`. */
export async function svgBase(element, config) {
  const names = el("g", { class: "map-names" });
  const labels = [];
  element.svg.insertBefore(names, element.overlay); // under what we draw
  if (config.base === "geojson") {
    const data = await fetch(config.url, { credentials: "same-origin" }).then((r) => r.json());
    drawGround(element, data, labels);
  }
  return {
    name: "svg",
    show: (view) => {
      names.replaceChildren(...(view.zoom < 14 ? [] : placed(element, labels)));
      if (config.base === "xyz") drawTiles(element, config.url, view);
    },
    resize: () => {}, restyle: async () => {}, drawn: async () => {},
    remove: () => { names.remove(); element.ground.replaceChildren(); },
  };
}

function drawGround(element, data, labels) {
  const paths = new Map();
  for (const { geometry, properties } of data.features) {
    const kind = properties?.kind ?? "street";
    const key = kind === "street" ? `street ${properties.width ?? (properties.main ? 11 : 6)}` : kind;
    paths.set(key, (paths.get(key) ?? "") + pathOf(geometry, (p) => element.local(p)));
    if (properties?.name && kind !== "building") labels.push({ at: middle(geometry), text: properties.name, kind });
  }
  const order = [...AREAS, "rail", "street"];
  const entries = [...paths].sort((a, b) => order.indexOf(a[0].split(" ")[0]) - order.indexOf(b[0].split(" ")[0]));
  for (const [key, d] of entries) {
    const [kind, width] = key.split(" ");
    const path = el("path", { d, class: `ground-${kind}` });
    if (width) path.setAttribute("stroke-width", String(Number(width) * element.perMetre()));
    element.ground.append(path);
  }
}

function placed(element, labels) {
  const { width, height } = element.size;
  const taken = new Set();
  return labels.flatMap(({ at, text, kind }) => {
    const [x, y] = element.project(at);
    const cell = `${Math.round(x / 110)},${Math.round(y / 28)}`;
    if (x < 0 || y < 0 || x > width || y > height || taken.has(cell) || taken.has(text)) return [];
    taken.add(cell).add(text);
    const label = el("text", { x: x.toFixed(0), y: y.toFixed(0), class: `name-${kind}` });
    label.textContent = text;
    return [label];
  });
}

function drawTiles(element, template, view) {
  const z = Math.max(0, Math.min(19, Math.round(view.zoom + 1)));
  const n = 2 ** z;
  const { width, height } = element.size;
  const px = worldPx(view.zoom) / n;
  const [cx, cy] = [mercatorX(view.lon) * n, element.mercY(view.lat) * n];
  const images = [];
  for (let x = Math.floor(cx - width / 2 / px); x <= cx + width / 2 / px; x += 1) {
    for (let y = Math.max(0, Math.floor(cy - height / 2 / px)); y <= Math.min(n - 1, cy + height / 2 / px); y += 1) {
      const [lx, ly] = element.localOfWorld(nearest(x / n - mercatorX(lonOf(element.origin.x))) + element.origin.x, y / n);
      const side = element.localOfWorld(element.origin.x + 1 / n, 0)[0];
      const href = template.replace("{z}", z).replace("{x}", ((x % n) + n) % n).replace("{y}", y);
      images.push(el("image", { href, x: lx, y: ly, width: side, height: side }));
    }
  }
  element.ground.replaceChildren(...images);
}
