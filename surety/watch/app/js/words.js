// The words in the person's language, and times as they write them. One JSON file a language; a test holds that each is
// complete.

import { kept } from "./store.js";

export const LANGUAGES = { en: "English", es: "Español", ar: "العربية" };
const RIGHT_TO_LEFT = new Set(["ar"]);
let language = "en";
let catalogue = {};
let zone;

/** The language in use. */
export const inUse = () => language;

/** Which of our languages stands for a tag such as "es-MX"; "" where none does. */
export function nearest(tag) {
  const base = (tag ?? "").toLowerCase().split("-")[0];
  return base in LANGUAGES ? base : "";
}

/** The language to use: what the person chose, else what the office wrote in, else what the browser prefers. */
export async function wanted() {
  const [chosen, sheet] = await Promise.all([kept("language"), kept("sheet")]);
  const preferred = (globalThis.navigator?.languages ?? []).map(nearest).find(Boolean);
  return chosen || nearest(sheet?.language) || preferred || "en";
}

/** Load the words of a language; a service worker, whose own requests go past what it keeps, loads them its own way. */
export async function speak(tag, load = (address) => fetch(address)) {
  const response = await load(new URL(`../lang/${tag}.json`, import.meta.url));
  catalogue = await response.json();
  language = tag;
}

/** Which way it is written. */
export const direction = () => (RIGHT_TO_LEFT.has(language) ? "rtl" : "ltr");

/** The words for `key`, with `{name}` filled in. An unknown key is shown as it is, so that it is noticed. */
export function t(key, values = {}) {
  return (catalogue[key] ?? key).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

/** Whether there are words for it. */
export const has = (key) => key in catalogue;

/** In which time zone times are told: the sheet's, else the browser's. */
export function tellIn(time_zone) {
  try {
    zone = new Intl.DateTimeFormat("en", { timeZone: time_zone || undefined }).resolvedOptions().timeZone;
  } catch {
    zone = undefined;
  }
}

/** "14:30", with the day where it is not today's. */
export function time(at_ms, now_ms) {
  if (sameDay(at_ms, now_ms)) return clock(at_ms);
  return t("time.on_day", { time: clock(at_ms), day: format(at_ms, { weekday: "short", day: "numeric", month: "short" }) });
}

/** When a duty holds: "Now, until 22:00", "19:00 to 07:00, Thu 26 Nov", or with the day once where it is one day. */
export function when({ from_ms, to_ms }, now_ms) {
  if (from_ms <= now_ms) return t("today.now", { to: time(to_ms, now_ms) });
  const from = sameDay(from_ms, to_ms) ? clock(from_ms) : time(from_ms, now_ms);
  return t("today.from_to", { from, to: time(to_ms, now_ms) });
}

const DAY = { year: "numeric", month: "numeric", day: "numeric" };
const sameDay = (one_ms, other_ms) => format(one_ms, DAY) === format(other_ms, DAY);
const clock = (at_ms) => format(at_ms, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const format = (at_ms, how) => new Intl.DateTimeFormat(locale(), { timeZone: zone, ...how }).format(at_ms);

/** The browser's own variant of the language ("en-US"), else the plain one; plain English is written the British way. */
function locale() {
  const own = (globalThis.navigator?.languages ?? []).find((tag) => tag.length > 2 && nearest(tag) === language);
  return own ?? (language === "en" ? "en-GB" : language);
}

/** "6 minutes", "3 hours", "2 days": the largest unit that is at least one. */
export function span(ms) {
  const minutes = Math.max(0, Math.round(Math.abs(ms) / 60_000));
  const [count, unit] = minutes < 90 ? [minutes, "minute"] : minutes < 1410 ? [Math.round(minutes / 60), "hour"] : [Math.round(minutes / 1440), "day"];
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(count);
}
