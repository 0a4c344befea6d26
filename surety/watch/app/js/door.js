// What is said to the door, and what it answers: docs/watch.md. No state of its own.

import { sign } from "./key.js";

const BASE = new URL("../v1/", import.meta.url);
const PATIENCE_MS = 20_000; // for words; a slow line carries a few kB in that
const PHOTO_PATIENCE_MS = 120_000; // for up to 150 kB on a very slow line

/** No answer at all, or one that says "later": trying again helps. */
export class AwayError extends Error {
  constructor(message, { after_ms = 0, reached = false } = {}) {
    super(message);
    this.after_ms = after_ms; // how long the door asks us to wait
    this.reached = reached; // whether anybody answered
  }
}

/** The door says no: trying the same again does not help. */
export class RefusedError extends Error {
  constructor(status, reason, sentence) {
    super(sentence);
    Object.assign(this, { status, reason, sentence });
  }
}

/** Claim a one-time code for the key. Gives `{device, server_ms}`. */
export async function enrol(code, key) {
  const signature = await sign(key, `surety-enrol-v1\n${code}\n${key.publicKey}`);
  const words = { code, algorithm: key.algorithm, public_key: key.publicKey, signature };
  return (await post("enrol", words)).json();
}

/** Ask for a link to the wearer's own page: its address, good once and for a few minutes. */
export async function askPage(device, key, sent_ms) {
  const signature = await sign(key, `surety-page-v1\n${device}\n${sent_ms}`);
  return (await (await post("page", { device, sent_ms, signature })).json()).address;
}

/** Hand over messages (none: only ask for the sheet). Gives the door's answer, with `offset_ms` of this clock. */
export async function hand(device, key, messages) {
  const sent_ms = Date.now();
  const signature = await sign(key, `surety-request-v1\n${device}\n${sent_ms}`);
  const listed = messages.map(({ body, signature: own }) => ({ body, signature: own }));
  const response = await post("messages", { device, sent_ms, signature, messages: listed });
  const answer = await response.json();
  // The door's time is about the middle of the way there and back. Positive: this clock is behind.
  return { ...answer, offset_ms: Math.round(answer.server_ms - (sent_ms + Date.now()) / 2) };
}

let uploading = null;

/** Let go of the photograph that is on its way: something cannot wait for it. It goes up again afterwards. */
export const letGo = () => uploading?.abort();

/** Put one photograph where the message that names it can find it. */
export async function putPhoto(device, key, sha256, bytes) {
  const headers = {
    "Content-Type": "image/jpeg",
    "Surety-Device": device,
    "Surety-Signature": await sign(key, `surety-photo-v1\n${device}\n${sha256}`),
  };
  uploading = new AbortController();
  const request = { method: "PUT", headers, body: bytes };
  const response = await ask(`photos/${sha256}`, request, PHOTO_PATIENCE_MS, uploading).finally(() => (uploading = null));
  await response.text();
}

const post = (path, words) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(words) }, PATIENCE_MS);

async function ask(path, request, patience_ms, control = new AbortController()) {
  const response = await reach(path, request, patience_ms, control);
  if (response.ok) return response;
  const sentence = (await response.text().catch(() => "")).slice(0, 500);
  if (response.status >= 500 || response.status === 429 || response.status === 408) {
    const after_ms = 1000 * (Number(response.headers.get("Retry-After")) || 0);
    throw new AwayError(sentence || `the door says ${response.status}`, { after_ms, reached: true });
  }
  throw new RefusedError(response.status, response.headers.get("Surety-Refused") ?? "", sentence);
}

async function reach(path, request, patience_ms, control) {
  const timer = setTimeout(() => control.abort(), patience_ms);
  const always = { cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" };
  try {
    return await fetch(new URL(path, BASE), { ...request, ...always, signal: control.signal });
  } catch (error) {
    throw new AwayError(String(error));
  } finally {
    clearTimeout(timer);
  }
}
