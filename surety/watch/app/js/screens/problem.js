// "I have a problem": a topic, and the person's own words where they want to add any.

import { button, el, icon, say, setText, way } from "../dom.js";
import { write } from "../queue.js";
import { FullError } from "../store.js";
import { t, time } from "../words.js";

export const name = "problem";
const TOPICS = ["unwell", "unsafe", "device", "camera", "place", "time", "other"]; // rules.facts.Topic
const MOST = 500; // characters, by the protocol

/** Show it. `topic` is the one that the address names, if any. */
export function show(app, _state, topic) {
  const node = el("div", { class: "page" });
  let receipt = null;
  const sent = (id) => (receipt = followed(node, id));
  if (TOPICS.includes(topic)) tell(app, node, topic, sent);
  else choose(node);
  return { node, update: (state) => receipt?.(state) };
}

function choose(node) {
  const rows = TOPICS.map((topic) => el("li", {}, way(`topic-${topic}`, t(`topic.${topic}`), `problem/${topic}`)));
  node.append(
    el("h1", {}, t("problem.title")),
    el("p", { class: "hint" }, t("problem.which")),
    el("ul", { class: "topics" }, rows),
    el("div", { class: "reach" }, el("a", { class: "textual", href: "#/home" }, t("back"))),
  );
}

function tell(app, node, topic, sent) {
  const words = el("textarea", { id: "words", rows: 4, maxlength: MOST, dir: "auto", "aria-describedby": "words-hint" });
  const error = el("p", { class: "error", hidden: true });
  const form = el(
    "form",
    { class: "stack", onsubmit: (event) => submit(event, app, topic, words, error, sent) },
    el("label", { for: "words" }, t("problem.words")),
    el("p", { id: "words-hint", class: "hint" }, t("problem.optional")),
    words,
    error,
    el(
      "div",
      { class: "reach" },
      button("send", t("problem.send"), () => {}, { kind: "primary", type: "submit" }),
      el("a", { class: "textual", href: "#/problem" }, t("back")),
    ),
  );
  const danger = ["unsafe", "unwell"].includes(topic) ? el("p", { class: "lead" }, t("sos.danger")) : null;
  node.append(el("h1", {}, t(`topic.${topic}`)), ...[danger].filter(Boolean), form);
}

async function submit(event, app, topic, words, error, sent) {
  event.preventDefault();
  const press = event.target.querySelector("button");
  press.disabled = true;
  try {
    const { id } = await write("problem", { topic, words: Array.from(words.value.trim()).slice(0, MOST).join("") });
    sent(id);
    app.wrote();
  } catch (problem) {
    if (!(problem instanceof FullError)) throw problem;
    press.disabled = false;
    error.replaceChildren(icon("warning"), el("span", {}, t("full.problem")));
    error.hidden = false;
    say(t("full.problem"), { now: true });
  }
}

/** The receipt: it follows the words until they arrived. */
function followed(node, receiptId) {
  const title = el("h1", { tabindex: "-1" }, t("problem.kept"));
  const words = el("p", { class: "lead", role: "status" }, t("receipt.sending"));
  node.replaceChildren(title, words, el("div", { class: "reach" }, way("back", t("receipt.done"), "home", { kind: "primary" })));
  title.focus();
  return ({ receipts, now_ms }) => {
    const { state, settled_ms, sentence } = receipts.find(({ id }) => id === receiptId) ?? {};
    if (state === "arrived") setText(title, t("receipt.arrived"));
    if (state === "arrived") setText(words, t("receipt.arrived_at", { time: time(settled_ms, now_ms) }));
    if (state === "refused") setText(words, `${t("receipt.refused_words")} ${sentence}`);
  };
}
