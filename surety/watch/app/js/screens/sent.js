// What was sent and whether it arrived, and how the connection is.

import { button, el, icon, renew, setText, way } from "../dom.js";
import { keep } from "../store.js";
import { connection } from "../strip.js";
import { t, time } from "../words.js";

export const name = "sent";
const MARKS = { waiting: "sending", arrived: "arrived", refused: "warning", cancelled: "back" };

/** Show it. */
export function show(app, first) {
  const link = el("p", { class: "lead", role: "status" });
  const waits = el("p", { class: "quiet" });
  const gone = el("p", { class: "quiet", hidden: true });
  const list = el("ul", { class: "list" });
  const update = (state) => {
    setText(link, connection(state).words);
    setText(waits, t("sent.waits", { count: state.waits.count, photos: state.waits.photos }));
    gone.hidden = !state.dropped;
    if (state.dropped > state.dropped_seen) keep("dropped_seen", state.dropped).catch(app.full);
    setText(gone, t("full.dropped", { count: state.dropped }));
    const rows = [...state.receipts].reverse();
    renew(list, rows.length ? rows.map((one) => row(one, state)) : [el("li", {}, t("sent.none"))]);
  };
  update(first);
  const reach = el("div", { class: "reach" }, button("again", t("sent.now"), app.wrote, { kind: "plain" }), way("back", t("back"), "home", { kind: "primary" }));
  return { node: el("div", { class: "page" }, el("h1", {}, t("sent.title")), link, waits, gone, list, reach), update };
}

function row({ type, content, made_ms, state, settled_ms, sentence }, { now_ms, offset_ms }) {
  const what = type === "problem" ? t("sent.problem", { topic: t(`topic.${content.topic}`) }) : t(`sent.${type}`);
  const when = { at: time(made_ms + offset_ms, now_ms), arrived: settled_ms ? time(settled_ms, now_ms) : "" };
  const why = state === "refused" && sentence ? el("p", { class: "quiet", dir: "auto" }, sentence) : null;
  return el("li", { class: `row ${state}` }, icon(MARKS[state]), el("div", {}, el("p", {}, what), el("p", { class: "quiet" }, t(`sent.state.${state}`, when)), why));
}
