// What the office said to the person, newest first.

import { askPage } from "../door.js";
import { button, el, icon, renew, say, way } from "../dom.js";
import { kept } from "../store.js";
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
  const mine = button("office", t("page.title"), () => openPage(), { kind: "plain" });
  const back = el("div", { class: "reach" }, mine, way("back", t("back"), "home", { kind: "primary" }));
  return { node: el("div", { class: "page" }, el("h1", {}, t("office.title")), list, back), update };
}

/** The person's own page, by a link that the door gives for this watch's key. */
async function openPage() {
  try {
    const [device, key, offset_ms] = await Promise.all([kept("device"), kept("key"), kept("offset_ms")]);
    location.assign(await askPage(device, key, Math.round(Date.now() + (offset_ms ?? 0))));
  } catch {
    say(t("page.away"), { now: true });
  }
}

const row = ({ text, at_ms }, now_ms) =>
  el("li", { class: "row" }, icon("office"), el("div", {}, el("p", { dir: "auto" }, text), el("p", { class: "quiet" }, time(at_ms, now_ms))));
