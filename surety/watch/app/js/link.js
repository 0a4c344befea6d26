// Keeps the connection while the app is open: asks every half minute, waits longer while nobody answers, and goes at once
// when something happened or the network is back.

import { letGo } from "./door.js";
import { exchange } from "./sender.js";
import { waiting } from "./queue.js";

export const POLL_MS = 30_000;
const LONGEST_MS = 300_000; // between tries while nobody answers
const REFUSED_MS = 300_000; // between tries once the door has said no
const changed = new EventTarget();
let timer = null;
let failures = 0;
let running = null;
let again = false;

/** Call `listener` with the state of the connection after each exchange. */
export const onChange = (listener) => changed.addEventListener("change", ({ detail }) => listener(detail));

/** Begin. */
export function start() {
  globalThis.addEventListener("online", () => soon());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && soon());
  return soon();
}

/** Exchange now, or once more after the exchange that is under way. */
export function soon() {
  if (running) {
    again = true;
    return running;
  }
  running = turn().finally(() => (running = null));
  return running;
}

/** Now, and before the photograph that is on its way. */
export function atOnce() {
  letGo();
  return soon();
}

async function turn() {
  let link;
  do {
    again = false;
    link = await exchange().catch(failed);
    failures = link?.state === "away" || link?.state === "busy" ? failures + 1 : 0;
    changed.dispatchEvent(new CustomEvent("change", { detail: link }));
  } while (again);
  if (link) await plan(link);
  return link;
}

/** Nothing that goes wrong may end the trying: it is remarked on, and tried again. */
function failed(error) {
  console.warn("not exchanged:", error);
  return { state: "busy" };
}

async function plan(link) {
  const { count, held_ms } = await waiting();
  clearTimeout(timer);
  timer = setTimeout(soon, Math.min(pause_ms(link), held_ms ? Math.max(0, held_ms - Date.now()) : Infinity));
  if (count && link.state !== "connected") askForSync();
}

/** How long until the next try. */
function pause_ms({ state, after_ms = 0 }) {
  if (state === "refused") return REFUSED_MS;
  if (state === "connected") return POLL_MS;
  return Math.max(after_ms, Math.min(LONGEST_MS, POLL_MS * 2 ** Math.min(failures - 1, 5)));
}

/** Where the browser can, it sends what waits once the network is back, even with the app closed. */
async function askForSync() {
  const registration = await navigator.serviceWorker?.getRegistration();
  await registration?.sync?.register("send").catch(() => {});
}
