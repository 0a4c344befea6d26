// A photo check-in: live view with plain guidance, a burst of frames with the turn that is asked for, a look at what was
// taken, and the receipt. Whatever the guidance says, photographs can always be taken, and always be sent.

import * as camera from "../camera.js";
import { button, el, icon, say, setText, way } from "../dom.js";
import { advice, burstAdvice, steps } from "../guide.js";
import { sha256 } from "../key.js";
import { write } from "../queue.js";
import { question, seen } from "../state.js";
import { FullError } from "../store.js";
import { t, time } from "../words.js";

export const name = "check-in";
const LOOK_MS = 300; // between two looks at the picture
const STEADY = 3; // looks that must agree before the words change: they are read aloud

/** Show it. */
export function show(app, state) {
  const asked = question(state);
  const node = el("div", { class: "page" });
  if (!asked) {
    node.append(el("h1", {}, t("ask.none")), el("div", { class: "reach" }, way("back", t("back"), "home", { kind: "primary" })));
    return { node };
  }
  const visit = new Visit(app, asked, node);
  visit.begin();
  seen(asked).then((told) => told && app.wrote());
  return { node, plain: true, update: (now) => visit.update(now), leave: () => visit.leave() };
}

/** One visit to this screen, from the live view to the receipt. */
class Visit {
  #app;
  #asked;
  #node;
  #stream = null;
  #timer = null;
  #awake = null;
  #gone = false;
  #tries = 0;
  #receipt = null;

  constructor(app, asked, node) {
    [this.#app, this.#asked, this.#node] = [app, asked, node];
  }

  /** The live view. */
  async begin() {
    this.#show(el("h1", {}, t("camera.opening")));
    try {
      const stream = await camera.open();
      if (this.#gone) return camera.close(stream);
      this.#stream = stream;
    } catch (error) {
      return this.#noCamera(error);
    }
    return this.#live();
  }

  leave() {
    this.#gone = true;
    this.#stop();
  }

  update(state) {
    if (this.#receipt) this.#receipt(state);
  }

  #show(...children) {
    const before = this.#node.contains(document.activeElement) || document.activeElement === document.body;
    this.#node.replaceChildren(...children);
    const heading = this.#node.querySelector("h1");
    heading.setAttribute("tabindex", "-1");
    if (before) heading.focus({ preventScroll: true });
  }

  #stop() {
    clearInterval(this.#timer);
    this.#awake?.release().catch(() => {});
    camera.close(this.#stream);
    this.#stream = null;
  }

  async #live() {
    const video = el("video", { playsinline: true, muted: true, autoplay: true, "aria-label": t("camera.view") });
    Object.assign(video, { muted: true, srcObject: this.#stream });
    const words = el("p", { class: "guidance", "aria-live": "polite" }, t("guide.face"));
    const arrow = el("div", { class: "turn", hidden: true });
    const press = button("camera", t("camera.take"), () => this.#burst(video, words, arrow, press), { kind: "primary" });
    this.#show(
      el("h1", { class: "unseen" }, t("ask.now")),
      el("div", { class: "finder" }, video, el("div", { class: "oval" }), arrow, words),
      el("div", { class: "reach" }, press, el("a", { class: "textual", href: "#/home" }, t("cancel"))),
    );
    for (const track of this.#stream.getTracks()) track.onended = () => this.#noCamera(new DOMException("", "NotReadableError"));
    await video.play().catch(() => {});
    this.#awake = await navigator.wakeLock?.request("screen").catch(() => null); // a watch's screen is soon off
    this.#guide(video, words);
  }

  #guide(video, words) {
    const meter = new camera.Meter();
    let [last, agreed] = ["", 0];
    this.#timer = setInterval(async () => {
      if (!video.videoWidth) return;
      const now = advice(meter.measure(video), await meter.faces(video));
      agreed = now === last ? agreed + 1 : 1;
      last = now;
      if (agreed >= STEADY && !words.dataset.burst) setText(words, t(`guide.${now}`));
      words.classList.toggle("good", now === "good");
    }, LOOK_MS);
  }

  async #burst(video, words, arrow, press) {
    press.disabled = true;
    if (!(await camera.shows(video))) {
      if (!this.#gone) this.#noCamera(new DOMException("", "NotReadableError"));
      return;
    }
    this.#tries += 1;
    words.dataset.burst = "on";
    const taken = [];
    for (const step of steps(this.#asked.turn)) {
      if (this.#gone) return;
      this.#point(arrow, step.turn);
      setText(words, t(`turn.${step.say}`));
      for (const frame of await this.#frames(video, step.at_ms)) taken.push(frame);
    }
    this.#stop();
    if (!this.#gone) await this.#review(taken);
  }

  #point(arrow, turn) {
    arrow.hidden = !turn;
    arrow.className = `turn ${turn}`;
    arrow.replaceChildren(icon("arrow"));
    navigator.vibrate?.(turn ? [80, 80, 80] : 80);
  }

  async #frames(video, at_ms) {
    const from = performance.now();
    const taken = [];
    for (const at of at_ms) {
      await new Promise((done) => setTimeout(done, Math.max(0, at - (performance.now() - from))));
      if (this.#gone) break;
      taken.push(camera.frame(video));
      navigator.vibrate?.(30);
    }
    return taken;
  }

  /** What was taken, to send or to take again. */
  async #review(canvases) {
    const meter = new camera.Meter();
    const found = burstAdvice(canvases.map((one) => meter.measure(one)));
    const good = found === "good";
    for (const canvas of canvases) Object.assign(canvas, { className: "frame" }).setAttribute("aria-hidden", "true");
    const send = (kind) => button("send", t(good ? "camera.send" : "camera.send_anyway"), (event) => this.#send(event, canvases, !good), { kind });
    const again = (kind) => button("again", t("camera.again"), () => this.begin(), { kind });
    this.#show(
      el("h1", {}, t(good ? "review.good" : "review.poor")),
      el("p", { class: good ? "lead spare" : "lead poor" }, t(good ? "review.words" : `review.${found}`)),
      el("div", { class: "frames", role: "img", "aria-label": t("review.frames", { count: canvases.length }) }, canvases),
      el("div", { class: "reach" }, good ? [send("primary"), again("plain")] : [again("primary"), send("plain")]),
    );
    say(t(good ? "review.words" : `review.${found}`));
  }

  async #send(event, canvases, poor) {
    const press = event.currentTarget;
    press.disabled = true;
    try {
      const { id, dropped } = await this.#write(canvases, poor);
      if (dropped) say(t("full.dropped", { count: dropped }));
      this.#sent(id);
      this.#app.wrote();
    } catch (error) {
      if (!(error instanceof FullError)) throw error;
      press.disabled = false;
      this.#noRoom();
    }
  }

  async #write(canvases, forced) {
    const photos = new Map();
    for (const canvas of canvases) {
      const bytes = await (await camera.jpeg(canvas)).arrayBuffer();
      const sha = await sha256(bytes);
      photos.set(sha, { sha256: sha, bytes, uploaded: false });
    }
    const { id, turn } = this.#asked;
    const content = { check_in_id: id, photos: [...photos.keys()], turn: turn ?? "", tries: this.#tries, forced };
    return write("check_in", content, { photos: [...photos.values()] });
  }

  /** The receipt: it follows the photographs until they arrived. */
  #sent(receiptId) {
    const title = el("h1", {}, t("receipt.kept"));
    const words = el("p", { class: "lead", role: "status" }, t("receipt.sending"));
    this.#show(title, words, el("div", { class: "reach" }, way("back", t("receipt.done"), "home", { kind: "primary" })));
    this.#receipt = ({ receipts, now_ms }) => {
      const { state, settled_ms, sentence } = receipts.find(({ id }) => id === receiptId) ?? {};
      if (state === "arrived") setText(title, t("receipt.arrived"));
      if (state === "refused") setText(title, t("receipt.refused"));
      const told = { arrived: () => t("receipt.arrived_at", { time: time(settled_ms, now_ms) }), refused: () => `${t("receipt.refused_words")} ${sentence}` };
      setText(words, told[state]?.() ?? t("receipt.sending"));
    };
  }

  #noRoom() {
    say(t("full.photos"), { now: true });
    const words = el("p", { class: "error" }, icon("warning"), el("span", {}, t("full.photos")));
    this.#node.querySelector(".error")?.remove();
    this.#node.querySelector("h1").after(words);
  }

  #noCamera({ name: why }) {
    this.#stop();
    const key = ["NotAllowedError", "NotFoundError", "NotReadableError"].includes(why) ? why : "other";
    this.#show(
      el("h1", {}, t("nocamera.title")),
      el("p", { class: "lead" }, t(`nocamera.${key}`)),
      el("p", {}, t("nocamera.route")),
      el(
        "div",
        { class: "reach" },
        button("again", t("nocamera.again"), () => this.begin(), { kind: "primary" }),
        way("problem", t("nocamera.tell"), "problem/camera"),
        el("a", { class: "textual", href: "#/home" }, t("back")),
      ),
    );
  }
}
