// Today's duties, as the office's sheet has them.

import { el, icon, renew, way } from "../dom.js";
import { duties } from "../state.js";
import { t, time, when } from "../words.js";

export const name = "today";
const ICONS = { curfew: "home", check_in: "camera", zone: "place", trail: "place", attendance: "today" };

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

function row(duty, { now_ms }) {
  const { text, from_ms, kind } = duty;
  const words = el("div", {}, el("p", { dir: "auto" }, text), el("p", { class: "quiet" }, when(duty, now_ms)));
  return el("li", { class: from_ms <= now_ms ? "row now" : "row" }, icon(ICONS[kind] ?? "today"), words);
}

const back = () => el("div", { class: "reach" }, way("back", t("back"), "home", { kind: "primary" }));
