// The battery, where the platform tells it (Chromium does; others do not, and then nothing is said of it).

import { write } from "./queue.js";

const EVERY_MS = 600_000; // at least so often
const STEP_PCT = 5; // and when it changed by so much
const LOW_PCT = 15;
let last = { pct: null, charging: null, at_ms: 0 };

/** Whether this browser tells the battery. */
export const tellsBattery = () => typeof navigator.getBattery === "function";

/** Begin to report. */
export async function start(onWritten, onFull) {
  if (!tellsBattery()) return;
  const battery = await navigator.getBattery().catch(() => null);
  if (!battery) return;
  const look = () => report(battery).then((wrote) => wrote && onWritten(), onFull);
  for (const name of ["levelchange", "chargingchange"]) battery.addEventListener(name, look);
  setInterval(look, EVERY_MS);
  await look();
}

async function report({ level, charging }) {
  const now = { pct: Math.round(level * 100), charging, at_ms: Date.now() };
  const events = eventsOf(now);
  const stale = now.at_ms - last.at_ms >= EVERY_MS || now.at_ms < last.at_ms;
  if (!events.length && !stale && Math.abs(now.pct - last.pct) < STEP_PCT) return false;
  last = now;
  await write("report", { battery_pct: now.pct, charging, ...(events.length ? { events } : {}) });
  return true;
}

/** What happened since the last look. Nothing is known of the time before the first. */
function eventsOf(now) {
  const events = [];
  if (last.charging !== null && now.charging !== last.charging) events.push(now.charging ? "charging_started" : "charging_ended");
  if (now.pct <= LOW_PCT && !now.charging && (last.pct === null || last.pct > LOW_PCT)) events.push("battery_low");
  return events;
}
