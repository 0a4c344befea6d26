// A call for help: held for two seconds or pressed twice, so that no sleeve sends it; five seconds to take it back. It is
// written down before the five seconds begin: a watch that goes off meanwhile sends it when it is on again.

import { button, el, say, setText, way } from "../dom.js";
import { CANCEL_MS, takeBack, write } from "../queue.js";
import { kept, keep } from "../store.js";
import { t, time } from "../words.js";

export const name = "sos";
const HOLD_MS = 2000;
const TWICE_MS = 5000; // within which the second press must come

/** Show it. */
export function show(app) {
  const node = el("div", { class: "page" });
  const call = new Call(app, node);
  call.begin();
  return { node, plain: true, update: (state) => call.update(state), leave: () => call.leave() };
}

class Call {
  #app;
  #node;
  #hold = null;
  #pressed_ms = 0;
  #ticking = null;
  #id = null;
  #told = null;

  constructor(app, node) {
    [this.#app, this.#node] = [app, node];
  }

  async begin() {
    this.#ask();
    const last = await kept("sos");
    if (last && Date.now() - last.at_ms < CANCEL_MS) this.#count(last);
  }

  leave() {
    clearTimeout(this.#hold);
    clearInterval(this.#ticking);
  }

  #show(...children) {
    this.#node.replaceChildren(...children);
    const heading = this.#node.querySelector("h1");
    heading.setAttribute("tabindex", "-1");
    heading.focus({ preventScroll: true });
  }

  #ask() {
    const words = el("p", { class: "hint", id: "sos-how" }, t("sos.how"));
    const press = button("sos", t("sos.press"), () => this.#press(words, press), { kind: "sos", "aria-describedby": "sos-how" });
    press.addEventListener("pointerdown", () => this.#holding(press));
    for (const end of ["pointerup", "pointerleave", "pointercancel"]) press.addEventListener(end, () => this.#released(press));
    press.addEventListener("contextmenu", (event) => event.preventDefault());
    this.#node.replaceChildren(
      el("h1", {}, t("sos.title")),
      words,
      el("div", { class: "reach" }, press, el("a", { class: "textual", href: "#/home" }, t("back"))),
      el("p", { class: "lead" }, t("sos.danger")),
    );
  }

  #holding(press) {
    press.classList.add("holding");
    this.#hold = setTimeout(() => this.#call(), HOLD_MS);
  }

  #released(press) {
    press.classList.remove("holding");
    clearTimeout(this.#hold);
  }

  #press(words, press) {
    if (this.#id !== null) return;
    const now = performance.now();
    if (this.#pressed_ms && now - this.#pressed_ms < TWICE_MS) {
      this.#call();
      return;
    }
    this.#pressed_ms = now;
    setText(words, t("sos.again"));
    setText(press.querySelector("span"), t("sos.press_again"));
    say(t("sos.again"), { now: true });
  }

  async #call() {
    clearTimeout(this.#hold);
    if (this.#id !== null) return;
    this.#id = 0;
    navigator.vibrate?.([200, 100, 200]);
    try {
      const { id } = await write("sos", {}, { holdMs: CANCEL_MS });
      const call = { id, at_ms: Date.now() };
      await keep("sos", call).catch(() => {});
      this.#count(call);
      this.#app.wrote();
    } catch (error) {
      this.#id = null;
      await this.#app.full(error);
    }
  }

  #count(call) {
    this.#id = call.id;
    const left = el("p", { class: "count-down", "aria-hidden": "true" });
    const stop = button("back", t("sos.cancel"), () => this.#cancel(call), { kind: "primary" });
    this.#show(el("h1", {}, t("sos.sending")), left, el("div", { class: "reach" }, stop), el("p", {}, t("sos.can_cancel")));
    say(t("sos.can_cancel"), { now: true });
    const tick = () => {
      const seconds = Math.ceil((CANCEL_MS - (Date.now() - call.at_ms)) / 1000);
      setText(left, String(Math.max(0, Math.min(seconds, CANCEL_MS / 1000))));
      if (seconds <= 0 || seconds > CANCEL_MS / 1000) this.#gone();
    };
    tick();
    this.#ticking = setInterval(tick, 200);
  }

  async #cancel({ id }) {
    clearInterval(this.#ticking);
    if (!(await takeBack(id))) return this.#gone();
    await keep("sos", undefined);
    this.#show(el("h1", {}, t("sos.cancelled")), el("p", { class: "lead" }, t("sos.cancelled_words")), this.#back());
    return this.#app.refresh();
  }

  #gone() {
    clearInterval(this.#ticking);
    this.#told = { title: el("h1", {}, t("sos.underway")), words: el("p", { class: "lead", role: "alert" }, t("sos.trying")) };
    this.#show(this.#told.title, this.#told.words, this.#back(), el("p", {}, t("sos.danger")));
    this.#app.urgent();
  }

  #back() {
    return el("div", { class: "reach" }, way("back", t("back"), "home", { kind: "primary" }));
  }

  update({ receipts, now_ms, link }) {
    if (!this.#told) return;
    const { state, settled_ms } = receipts.find(({ id }) => id === this.#id) ?? {};
    if (state === "arrived") {
      setText(this.#told.title, t("sos.arrived"));
      setText(this.#told.words, t("sos.arrived_at", { time: time(settled_ms, now_ms) }));
    } else if (state === "refused" || link?.state === "refused") setText(this.#told.words, t("sos.refused"));
    else if (link?.state !== "connected") setText(this.#told.words, t("sos.not_yet"));
  }
}
