// What the office said to the person, newest first.

import { el, icon, renew, way } from "../dom.js";
import { t, time } from "../words.js";

export const name = "office";

/** Show it. */
export function show(_app, first) {
  const list = el("ul", { class: "list" });
  const update = ({ words: said, now_ms }) => {
    const words = [...said].sort((one, other) => other.at_ms - one.at_ms);
    renew(list, words.length ? words.map((one) => row(one, now_ms)) : [el("li", {}, t("office.none"))]);
  };
  update(first);
  const back = el("div", { class: "reach" }, way("back", t("back"), "home", { kind: "primary" }));
  return { node: el("div", { class: "page" }, el("h1", {}, t("office.title")), list, back), update };
}

const row = ({ text, at_ms }, now_ms) =>
  el("li", { class: "row" }, icon("office"), el("div", {}, el("p", { dir: "auto" }, text), el("p", { class: "quiet" }, time(at_ms, now_ms))));
