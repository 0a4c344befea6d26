// The app: which screen is shown, what runs while it is open.

import * as link from "./link.js";
import * as place from "./place.js";
import * as power from "./power.js";
import { el, icon, renew, say } from "./dom.js";
import { canSign } from "./key.js";
import { FullError, kept } from "./store.js";
import { snapshot } from "./state.js";
import { direction, inUse, speak, t, tellIn, wanted } from "./words.js";
import { strip } from "./strip.js";
import * as enrol from "./screens/enrol.js";
import * as home from "./screens/home.js";
import * as checkIn from "./screens/check-in.js";
import * as sos from "./screens/sos.js";
import * as problem from "./screens/problem.js";
import * as today from "./screens/today.js";
import * as office from "./screens/office.js";
import * as sent from "./screens/sent.js";
import * as can from "./screens/can.js";
import * as choices from "./screens/choices.js";

const SCREENS = { home, enrol, "check-in": checkIn, sos, problem, today, office, sent, can, choices };
const POLL_CLOSED_MS = 900_000; // what a browser makes of it is its own affair
const TICK_MS = 15_000; // times on the screen ("2 minutes ago") go on
const seenPlace = { state: "" };
let shown = null;
let state = null;

const app = {
  /** Go to another screen. */
  go: (name) => (location.hash = `#/${name}`),
  /** Something was written down: send it now. */
  wrote: () => {
    delete document.documentElement.dataset.full;
    return link.soon();
  },
  /** The same, and nothing may be in its way. */
  urgent: () => link.atOnce(),
  /** Something could not be written down. */
  full: (error) => full(error),
  /** Look at what is kept, and show it. */
  refresh: () => refresh(),
  /** Another language, shape or device: begin anew. */
  restart: () => restart(),
  place: seenPlace,
  /** The browser's offer to install the app, once; null where it made none. */
  installer: () => install,
};

let install = null;
addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  install = event;
});

async function begin() {
  if (!canSign()) return tellPlainly("https");
  if (!(await kept("device").then(() => true, () => false))) return tellPlainly("storage");
  await prepare();
  addEventListener("hashchange", () => route());
  setInterval(refresh, TICK_MS);
  link.onChange(() => refresh());
  await restart();
  await settleIn().catch(() => {}); // a browser without a service worker opens the app with a connection only
}

/** Keep the app's files, and let the browser wake it now and then where it can. */
async function settleIn() {
  await navigator.serviceWorker?.register("sw.js", { type: "module" });
  const registration = await navigator.serviceWorker?.ready;
  await registration?.periodicSync?.register("poll", { minInterval: POLL_CLOSED_MS });
}

/** The browser is asked not to clear what waits here when it runs short of room. */
async function prepare() {
  await speak(await wanted());
  await navigator.storage?.persist?.().catch(() => {});
}

async function restart() {
  await speak(await wanted());
  Object.assign(document.documentElement, { lang: inUse(), dir: direction() });
  document.documentElement.dataset.shape = (await kept("shape")) ?? "";
  if (await kept("device")) run();
  await route();
}

let running = false;
function run() {
  if (running) return;
  running = true;
  link.start();
  alone(() => {
    place.start(placed, app.full);
    power.start(app.wrote, app.full);
  });
}

/** Do it in one tab at a time: where one is closed, another takes it over. */
function alone(work) {
  if (!navigator.locks) return work();
  return navigator.locks.request("surety-watching", () => new Promise(work));
}

function placed(told) {
  if (seenPlace.state === told) return;
  seenPlace.state = told;
  link.soon();
  refresh();
}

async function full(error) {
  if (!(error instanceof FullError)) throw error;
  say(t("full.words"), { now: true });
  document.documentElement.dataset.full = "";
  await refresh();
}

/** Show the screen that the address names. */
async function route() {
  state = await snapshot();
  tellIn(state.sheet?.time_zone);
  const [name, detail] = location.hash.startsWith("#/") ? location.hash.slice(2).split("/") : ["home"];
  const screen = state.device && !isCode(location.hash) ? (SCREENS[name] ?? home) : enrol;
  shown?.leave?.();
  const main = document.getElementById("screen");
  shown = screen.show(app, state, detail);
  main.className = `screen ${screen.name}`;
  main.replaceChildren(shown.node);
  const heading = main.querySelector("h1");
  document.title = heading ? `${heading.textContent} – Surety` : "Surety";
  heading?.setAttribute("tabindex", "-1");
  heading?.focus({ preventScroll: true });
  scrollTo(0, 0);
  await refresh();
}

/** Whether the address holds a one-time code: then the person followed a link to set the watch up. */
const isCode = (hash) => hash.length > 8 && !hash.startsWith("#/");

/** Show what changed on the screen that is there. */
async function refresh() {
  state = await snapshot();
  if (state.device) run();
  tellIn(state.sheet?.time_zone);
  const language = await wanted();
  if (language !== inUse()) return restart();
  renew(document.getElementById("top"), state.device ? strip(state, shown?.plain) : []);
  await shown?.update?.(state);
  return undefined;
}

async function tellPlainly(what) {
  await speak("en");
  const main = document.getElementById("screen");
  main.replaceChildren(el("h1", {}, t(`plain.${what}.title`)), el("p", {}, icon("warning"), t(`plain.${what}.words`)));
}

begin();
