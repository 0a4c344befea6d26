// The first screen once enrolled: what is asked now, and the few things that one can do.

import { el, icon, renew, say, way } from "../dom.js";
import { nextDuty, question, seen } from "../state.js";
import { has, span, t, time, when } from "../words.js";

export const name = "home";

/** Show it. */
export function show(app, first) {
  const now = el("section", { class: "standing", "aria-labelledby": "now-title" });
  const ways = el("nav", { class: "reach ways", "aria-label": t("home.ways") });
  let asked;
  const update = async (state) => {
    const open = question(state);
    renew(now, open ? asking(open, state) : quiet(state));
    renew(ways, buttons(open, state));
    if (open && open.id !== asked) say(t(open.again ? "again.title" : "ask.now"), { now: true });
    asked = open?.id;
    if (open && document.visibilityState === "visible" && (await seen(open))) app.wrote();
  };
  update(first);
  return { node: el("div", { class: "page" }, now, ways), update };
}

function asking({ due_ms, late_until_ms, again }, { now_ms }) {
  if (again) return oneMore(again);
  const late = due_ms <= now_ms;
  const until = late ? t("ask.late", { time: time(late_until_ms, now_ms) }) : t("ask.until", { time: time(due_ms, now_ms) });
  return [
    el("h1", { id: "now-title", class: "asked" }, icon("camera"), t("ask.now")),
    el("p", { class: "lead" }, until),
    late ? null : el("p", { class: "quiet spare" }, t("ask.left", { span: span(due_ms - now_ms) })),
  ].filter(Boolean);
}

/** What came shows too little: another try would help, and nobody has to. */
function oneMore(advice) {
  const how = advice.map((key) => `advice.${key}`).filter(has).map((key) => t(key));
  return [el("h1", { id: "now-title", class: "asked" }, icon("camera"), t("again.title")), el("p", { class: "lead" }, how.join(" ") || t("again.words"))];
}

function quiet(state) {
  const next = nextDuty(state);
  const title = el("h1", { id: "now-title" }, t("home.nothing"));
  if (!next) return [title];
  return [title, el("p", { class: "lead", dir: "auto" }, next.text), el("p", { class: "quiet" }, when(next, state.now_ms))];
}

function buttons(open, { words, now_ms }) {
  const fresh = words.filter(({ at_ms }) => now_ms - at_ms < 86_400_000).length;
  return [
    open && way("camera", t("ask.take"), "check-in", { kind: "primary" }),
    way("sos", t("sos.short"), "sos", { kind: "danger" }),
    way("problem", t("problem.title"), "problem"),
    way("today", t("today.title"), "today", { kind: "half" }),
    way("office", t("office.title"), "office", { kind: "half", count: fresh }),
    way("sent", t("sent.title"), "sent", { kind: "half" }),
    way("choices", t("choices.title"), "choices", { kind: "half" }),
  ].filter(Boolean);
}
