// The device's key: made here, never leaves the browser. Ed25519 where WebCrypto has it, else ECDSA on P-256.
//
// The private key is not extractable: no script, ours included, can read it. It signs, and nothing else.

import { keep, kept } from "./store.js";

const P256 = { name: "ECDSA", namedCurve: "P-256" };
const bytesOf = (text) => new TextEncoder().encode(text);

/** Whether this page may make keys at all: browsers allow that only to pages that came by https. */
export const canSign = () => Boolean(globalThis.crypto?.subtle);

/**
 * The key for an enrolment: `{algorithm, publicKey, privateKey}`, `publicKey` as base64url. A new one for each, kept until one
 * succeeds: where the door's answer was lost, the same code with the same key gives the same answer.
 */
export async function nextKey() {
  const before = await kept("next_key");
  if (before) return before;
  const made = await makeKey();
  await keep("next_key", made);
  return made;
}

async function makeKey() {
  try {
    return await described("Ed25519", await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]));
  } catch {
    return described("P-256", await crypto.subtle.generateKey(P256, false, ["sign", "verify"]));
  }
}

async function described(algorithm, pair) {
  const raw = await crypto.subtle.exportKey("raw", pair.publicKey);
  return { algorithm, publicKey: base64url(raw), privateKey: pair.privateKey };
}

/** The signature over a text in UTF-8, as base64url. */
export async function sign(key, text) {
  const how = key.algorithm === "Ed25519" ? { name: "Ed25519" } : { name: "ECDSA", hash: "SHA-256" };
  return base64url(await crypto.subtle.sign(how, key.privateKey, bytesOf(text)));
}

/** SHA-256 of a text (in UTF-8) or of bytes, in hex. */
export async function sha256(content) {
  const bytes = typeof content === "string" ? bytesOf(content) : content;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Bytes as base64url without padding (RFC 4648). */
export function base64url(buffer) {
  const text = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The bytes that base64url text stands for. */
export function fromBase64url(text) {
  const padded = text.replaceAll("-", "+").replaceAll("_", "/").padEnd(Math.ceil(text.length / 4) * 4, "=");
  return Uint8Array.from(atob(padded), (letter) => letter.charCodeAt(0));
}
