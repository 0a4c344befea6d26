// Places on the Earth and on the screen. Web Mercator as tiles use it; distances on a sphere (0.5 % at worst).

export const EARTH_RADIUS_M = 6371008.8;
const MERCATOR_RADIUS_M = 6378137;
const TILE_PX = 512;
const rad = Math.PI / 180;

/** Width of the whole world in pixels at a zoom (MapLibre's convention: 512 px at zoom 0). */
export const worldPx = (zoom) => TILE_PX * 2 ** zoom;

/** Longitude to [0, 1] from west to east. */
export const mercatorX = (lon) => (lon + 180) / 360;

/** Latitude to [0, 1] from north to south; the poles are cut at 85.05 degrees, as on every such map. */
export function mercatorY(lat) {
  const cut = Math.max(-85.0511, Math.min(85.0511, lat));
  return 0.5 - Math.log(Math.tan(Math.PI / 4 + (cut * rad) / 2)) / (2 * Math.PI);
}

export const lonOf = (x) => ((((x % 1) + 1) % 1) * 360) - 180;
export const latOf = (y) => (2 * Math.atan(Math.exp((0.5 - y) * 2 * Math.PI)) - Math.PI / 2) / rad;

/** How much of the world's width one metre takes at a latitude. */
export const mercatorPerMetre = (lat) => 1 / (2 * Math.PI * MERCATOR_RADIUS_M * Math.cos(lat * rad));

/** Great-circle distance in metres between [lon, lat] pairs. */
export function distanceM([lon1, lat1], [lon2, lat2]) {
  const h = Math.sin(((lat2 - lat1) * rad) / 2) ** 2
    + Math.cos(lat1 * rad) * Math.cos(lat2 * rad) * Math.sin(((lon2 - lon1) * rad) / 2) ** 2;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** The point `east_m`, `north_m` away; for steps of an editor, not for surveying. */
export function offset([lon, lat], eastM, northM) {
  const perDegree = EARTH_RADIUS_M * rad;
  return [lon + eastM / (perDegree * Math.max(0.01, Math.cos(lat * rad))), lat + northM / perDegree];
}

/** The shorter way from one world position to another, so that the antimeridian is no edge. */
export function nearest(delta) {
  return delta - Math.round(delta);
}

/** West, south, east, north of a circle. */
export function circleBounds({ lon_deg: lon, lat_deg: lat, radius_m: radius }) {
  const [e, n] = offset([lon, lat], radius, radius);
  return [2 * lon - e, 2 * lat - n, e, n];
}

/** West, south, east, north around points and areas; null when there are none. Longitudes follow the first one. */
export function boundsOf(points, areas = []) {
  const all = [...points];
  for (const area of areas) {
    if (area.shape === "circle") {
      const [w, s, e, n] = circleBounds(area);
      all.push([w, s], [e, n]);
    } else {
      all.push(...area.ring);
    }
  }
  if (!all.length) return null;
  const first = all[0][0];
  let [w, s, e, n] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [lon, lat] of all) {
    const near = first + nearest((lon - first) / 360) * 360;
    w = Math.min(w, near); e = Math.max(e, near); s = Math.min(s, lat); n = Math.max(n, lat);
  }
  return [w, s, e, n];
}

/** Area of a small polygon in square metres (ring of [lon, lat]), for the sentence under the editor. */
export function polygonAreaM2(ring) {
  if (ring.length < 3) return 0;
  const [lon0, lat0] = ring[0];
  const k = EARTH_RADIUS_M * rad;
  const flat = ring.map(([lon, lat]) => [nearest((lon - lon0) / 360) * 360 * k * Math.cos(lat0 * rad), (lat - lat0) * k]);
  let twice = 0;
  flat.forEach(([x, y], i) => { const [x2, y2] = flat[(i + 1) % flat.length]; twice += x * y2 - x2 * y; });
  return Math.abs(twice) / 2;
}

/** A position in words, as typed by people: "51.50130, -0.14190". */
export const inWords = ([lon, lat]) => `${lat.toFixed(5)}, ${lon.toFixed(5)}`;

/** Metres as people say them. */
export function metresInWords(m) {
  if (m < 1000) return `${Math.round(m)} m`;
  return `${(m / 1000).toFixed(m < 10000 ? 1 : 0)} km`;
}
