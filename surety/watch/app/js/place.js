// Where the watch is, while the app is open: browsers give no position to an app that is closed, and none of ours tries.

import { write } from "./queue.js";

const MOVED_M = 25; // more than a receiver that lies still wanders mostly
const MOVING_MS = 15_000; // between positions on the move
const RESTING_MS = 60_000; // and at rest
const DENIED = 1; // GeolocationPositionError.PERMISSION_DENIED
let last = null;
let watching = null;
let off = false;

/** Begin to write down positions. `tell` is called with "on", "off" (not allowed), "none" (not found) or "missing". */
export function start(tell, onFull) {
  if (!navigator.geolocation) return tell("missing");
  if (watching !== null) navigator.geolocation.clearWatch(watching);
  const how = { enableHighAccuracy: true, maximumAge: 5000, timeout: 60_000 };
  watching = navigator.geolocation.watchPosition((found) => take(found, tell, onFull), (error) => failed(error, tell, onFull), how);
}

async function take({ coords, timestamp }, tell, onFull) {
  off = false;
  tell("on");
  const now = { at_ms: timestamp, lat: coords.latitude, lon: coords.longitude };
  if (last && now.at_ms - last.at_ms < (metres(last, now) > MOVED_M ? MOVING_MS : RESTING_MS)) return;
  last = now;
  await kept(write("fix", content(coords)), onFull);
}

/** What the platform told, in the protocol's words; what it does not tell is left out. */
function content({ latitude, longitude, accuracy, speed, heading, altitude }) {
  const told = { lat: latitude, lon: longitude, accuracy_m: accuracy, speed_mps: speed, heading_deg: heading, altitude_m: altitude };
  return Object.fromEntries(Object.entries(told).filter(([, value]) => Number.isFinite(value)));
}

async function failed({ code }, tell, onFull) {
  tell(code === DENIED ? "off" : "none");
  if (code !== DENIED || off) return;
  off = true;
  await kept(write("report", { events: ["location_off"] }), onFull);
}

async function kept(writing, onFull) {
  await writing.catch(onFull);
}

/** Whether positions are allowed, for the page that tells what this watch can do: "granted", "denied", "prompt" or "". */
export async function permission() {
  const answer = await navigator.permissions?.query({ name: "geolocation" }).catch(() => null);
  return answer?.state ?? "";
}

/** Metres between two places near each other. */
export function metres(one, other) {
  const degree_m = 111_195;
  const across = (other.lon - one.lon) * Math.cos((one.lat * Math.PI) / 180);
  return degree_m * Math.hypot(other.lat - one.lat, across);
}

