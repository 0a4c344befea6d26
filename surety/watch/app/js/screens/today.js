// Today's duties, as the office's sheet has them.

import { el, icon, renew, way } from "../dom.js";
import { duties } from "../state.js";
import { t, time } from "../words.js";

export const name = "today";

/** Show it. */
export function show(_app, first) {
  const list = el("ul", { class: "list" });
  const made = el("p", { class: "quiet" });
  const update = (state) => {
    const rows = duties(state);
    renew(list, rows.length ? rows.map((one) => row(one, state)) : [el("li", {}, t("today.none"))]);
    made.replaceChildren(state.sheet ? t("today.made", { time: time(state.sheet.made_ms, state.now_ms) }) : t("today.never"));
  };
  update(first);
  const node = el("div", { class: "page" }, el("h1", {}, t("today.long")), list, made, back());
  return { node, update };
}

function row({ text, from_ms, to_ms, kind }, { now_ms }) {
  const now = from_ms <= now_ms;
  const when = now ? t("today.now", { to: time(to_ms, now_ms) }) : t("today.from_to", { from: time(from_ms, now_ms), to: time(to_ms, now_ms) });
  return el("li", { class: now ? "row now" : "row" }, icon(kind === "curfew" ? "home" : "today"), el("div", {}, el("p", { dir: "auto" }, text), el("p", { class: "quiet" }, when)));
}

const back = () => el("div", { class: "reach" }, way("back", t("back"), "home", { kind: "primary" }));
