// The live link: server-sent events with resume, and the truth about its own age.

import { nowMs, setNow } from "./time.js";

const STALE_AFTER_MS = 25_000; // two and a half of the server's signs of life
const [FIRST_RETRY_MS, LONGEST_RETRY_MS] = [1_500, 30_000];

export class LiveLink extends EventTarget {
  #source = null;
  #timer = 0;
  #retryMs = FIRST_RETRY_MS;
  #heardAt = performance.now();
  #lost = false;
  lastId = 0;
  stateMs = nowMs();

  constructor(address) {
    super();
    this.address = address;
    setInterval(() => this.#look(), 1000);
    addEventListener("online", () => this.reconnect());
    addEventListener("pagehide", () => this.#source?.close());
    addEventListener("pageshow", (event) => { if (event.persisted) this.reconnect(); });
  }

  /** Listen from an event on, under a filter. */
  listen(query, since) {
    this.query = query;
    this.lastId = since;
    this.reconnect();
  }

  reconnect() {
    clearTimeout(this.#timer);
    this.#source?.close();
    const address = `${this.address}?${this.query ? `${this.query}&` : ""}since=${this.lastId}`;
    const source = new EventSource(address);
    this.#source = source;
    source.addEventListener("open", () => { this.#retryMs = FIRST_RETRY_MS; });
    source.addEventListener("error", () => this.#failed(source));
    source.addEventListener("end", () => this.#failed(source));
    for (const name of ["rows", "counts", "judging", "reset", "beat"]) source.addEventListener(name, (event) => this.#heard(source, event));
  }

  get silentForMs() { return performance.now() - this.#heardAt; }

  #heard(source, event) {
    if (source !== this.#source) return;
    const body = JSON.parse(event.data);
    if (event.lastEventId) this.lastId = Number(event.lastEventId);
    this.#heardAt = performance.now();
    if (body.now_ms) { setNow(body.now_ms); this.stateMs = body.now_ms; }
    if (this.#lost || !this.isLive) this.#tell("live");
    this.#lost = false;
    this.isLive = true;
    this.dispatchEvent(new CustomEvent(event.type, { detail: body }));
  }

  // Our own retries: the browser's own give up for good when the server answers with an error.
  #failed(source) {
    if (source !== this.#source) return;
    source.close();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.reconnect(), this.#retryMs * (0.75 + Math.random() / 2));
    this.#retryMs = Math.min(LONGEST_RETRY_MS, this.#retryMs * 1.6);
    this.#lost = true;
    this.dispatchEvent(new CustomEvent("retry"));
  }

  #look() {
    const silent = this.silentForMs;
    if (silent > STALE_AFTER_MS || (this.#lost && silent > 5_000)) {
      this.isLive = false;
      this.dispatchEvent(new CustomEvent("stale", { detail: { silentMs: silent, stateMs: this.stateMs } }));
      if (silent > STALE_AFTER_MS * 2 && !this.#lost) { this.#lost = true; this.reconnect(); }
    }
  }

  #tell(name) { this.dispatchEvent(new CustomEvent(name)); }
}
