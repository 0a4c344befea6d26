// The line at the top of every screen: whether the watch is connected, what waits, and what the person should know.

import { el, icon } from "./dom.js";
import { CLOCK_WRONG_MS } from "./state.js";
import { span, t, time } from "./words.js";

const STALE_MS = 120_000; // two polls and a half went unanswered

/** The elements of the line; none where a screen wants the whole room (`plain`). */
export function strip(state, plain = false) {
  const { mark, words } = connection(state);
  const line = el("a", { class: `link ${mark}`, href: "#/sent" }, icon(mark), el("span", {}, words));
  return [line, ...(plain ? [] : notes(state))];
}

/** The state of the connection as a mark and words. */
export function connection({ link, waits, now_ms, offset_ms }) {
  const heard_ms = link?.heard_ms ? link.heard_ms + offset_ms : null;
  if (link?.state === "refused") return { mark: "warning", words: t("link.refused") };
  if (!heard_ms) return { mark: "away", words: t("link.never") };
  const fresh = link.state === "connected" && now_ms - heard_ms < STALE_MS;
  if (!fresh) return { mark: "away", words: t("link.away", { since: time(heard_ms, now_ms), count: waits.count }) };
  return waits.count ? { mark: "sending", words: t("link.sending", { count: waits.count }) } : { mark: "arrived", words: t("link.connected") };
}

function notes({ link, offset_ms, dropped, dropped_seen }) {
  const told = [];
  if (link?.state === "refused") told.push(refused(link));
  if (Math.abs(offset_ms) > CLOCK_WRONG_MS) told.push(note("clock", clockWords(offset_ms)));
  if ("full" in document.documentElement.dataset) told.push(note("warning", t("full.words")));
  if (dropped > dropped_seen) told.push(note("place", t("full.dropped", { count: dropped })));
  return told;
}

const note = (name, words, more = "") =>
  el("div", { class: `note ${name}` }, icon(name), el("p", {}, words, more && el("small", { dir: "auto" }, more)));

const clockWords = (offset_ms) => t(offset_ms > 0 ? "clock.behind" : "clock.ahead", { span: span(offset_ms) });

const KNOWN = { wrong_signature: "key", not_enrolled: "key", unknown_device: "device", no_order: "order", not_covered: "order" };

/** Why the office takes nothing, what it says itself, and the way to a new code where that would help. */
function refused({ reason, sentence }) {
  const why = KNOWN[reason] ?? "other";
  const told = note("warning", t(`refused.${why}`), sentence);
  if (why !== "order") told.lastChild.append(el("a", { class: "textual", href: "#/enrol" }, t("refused.new_code")));
  return told;
}
