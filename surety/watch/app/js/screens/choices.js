// The person's choices: language, the screen's shape, prompts; what the watch can do; giving the watch back.

import { button, el, say, way } from "../dom.js";
import { standing, turnOff, turnOn } from "../push.js";
import { forgetAll, keep } from "../store.js";
import { inUse, LANGUAGES, t } from "../words.js";

export const name = "choices";
const SHAPES = ["", "square", "round"];

/** Show it. */
export function show(app, state) {
  const push = el("div", {});
  prompts(push, state);
  const rows = el("div", { class: "stack" }, languages(app), shapes(app), push, installation(app), way("info", t("can.title"), "can"), giveBack(app, state));
  const back = el("div", { class: "reach" }, way("back", t("back"), "home", { kind: "primary" }));
  return { node: el("div", { class: "page" }, el("h1", {}, t("choices.title")), rows, back) };
}

function languages(app) {
  const options = Object.entries(LANGUAGES).map(([tag, own]) => el("option", { value: tag, lang: tag, selected: tag === inUse() }, own));
  const change = async (event) => {
    await keep("language", event.target.value);
    await app.restart();
  };
  return el("div", { class: "field" }, el("label", { for: "language" }, t("choices.language")), el("select", { id: "language", onchange: change }, options));
}

function shapes(app) {
  const change = async (event) => {
    await keep("shape", event.target.value || undefined);
    document.documentElement.dataset.shape = event.target.value;
    app.refresh();
  };
  const now = document.documentElement.dataset.shape ?? "";
  const options = SHAPES.map((shape) => el("option", { value: shape, selected: shape === now }, t(`shape.${shape || "auto"}`)));
  return el("div", { class: "field" }, el("label", { for: "shape" }, t("choices.shape")), el("select", { id: "shape", onchange: change }, options));
}

async function prompts(node, { sheet }) {
  const now = await standing(sheet);
  const redraw = () => prompts(node, { sheet });
  if (now === "off") {
    const turn = async () => say(t((await turnOn(sheet)) ? "push.now_on" : "push.failed"));
    node.replaceChildren(button("bell", t("push.turn_on"), () => turn().then(redraw)));
  } else if (now === "on") node.replaceChildren(button("bell", t("push.turn_off"), () => turnOff().then(redraw)));
  else node.replaceChildren(el("p", { class: "hint" }, t(`can.push_${now}`)));
}

function installation(app) {
  const offer = app.installer();
  return offer && button("arrived", t("choices.install"), () => offer.prompt());
}

function giveBack(app, { waits }) {
  const place = el("details", { class: "field" }, el("summary", {}, t("giveback.title")));
  const forget = async () => {
    const registration = await navigator.serviceWorker?.getRegistration();
    await (await registration?.pushManager?.getSubscription())?.unsubscribe();
    await forgetAll();
    location.reload();
  };
  const warning = waits.count ? el("p", { class: "error" }, t("giveback.waits", { count: waits.count })) : null;
  place.append(el("p", {}, t("giveback.words")), ...[warning].filter(Boolean), button("cannot", t("giveback.do"), forget, { kind: "danger" }));
  return place;
}
