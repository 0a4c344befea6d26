// Sends what waits: photographs first, then messages in order, until all is acknowledged. Works in a page and in the
// service worker alike. One sender at a time, whatever tabs are open (Web Locks); another one waits for its turn.

import { AwayError, hand, putPhoto, RefusedError } from "./door.js";
import { all, answer as answerOf, change, FullError, keep, kept, look } from "./store.js";
import * as queue from "./queue.js";

const ANEW = "anew";
const LOCK = "surety-send";
const BATCH = 50; // messages a request, by the protocol
const FOR_GOOD = new Set(["not_covered", "no_photo", "too_large", "malformed"]); // what no later try changes
const WORDS = 50; // of the office, that are kept
const ROUNDS = 400; // requests at once: 20,000 messages; more wait for the next time

/** Send what waits and fetch the sheet. Returns what is known afterwards: see `link` in link.js. */
export async function exchange() {
  if (!navigator.locks) return exchangeNow();
  return navigator.locks.request(LOCK, exchangeNow);
}

async function exchangeNow() {
  const device = await kept("device");
  const key = await kept("key");
  if (!device || !key) return null;
  try {
    await sendAll(device, key);
    return await note({ state: "connected", heard_ms: Date.now() });
  } catch (error) {
    if (error instanceof RefusedError) {
      return note({ state: "refused", reason: error.reason, sentence: error.sentence, heard_ms: Date.now() });
    }
    if (error instanceof AwayError) return note({ state: error.reached ? "busy" : "away", after_ms: error.after_ms });
    throw error;
  }
}

/** Keep the state of the connection, for every tab and the service worker. */
async function note(found) {
  const before = (await kept("link")) ?? {};
  const since_ms = before.state === found.state ? before.since_ms : Date.now();
  const link = { heard_ms: before.heard_ms ?? null, ...found, since_ms };
  await keep("link", link).catch(unlessFull);
  return link;
}

async function sendAll(device, key) {
  if ((await kept("link"))?.state !== "connected") await learn(await hand(device, key, [])); // nothing is numbered in vain
  let begun = false;
  for (let round = 0; round < ROUNDS; round += 1) {
    await sealNext(device, key);
    const batch = (await queue.sealed()).slice(0, BATCH);
    const answer = await hand(device, key, batch);
    await learn(answer);
    const went = await taken(device, key, batch, answer);
    if (went === ANEW) {
      if (begun) throw new AwayError("the door takes no new chain", { reached: true });
      begun = true;
    } else if (!went && batch.length) throw new AwayError("the door takes nothing now", { reached: true });
    if (!(await more())) return;
  }
}

const more = async () => (await queue.sealed()).length > 0 || (await queue.ready(1)).length > 0;

/**
 * Number and sign as many drafts as the next request has room for. Photographs go up ahead of the message that names them, and
 * only when nothing else can go first: a call for help does not wait for them.
 */
async function sealNext(device, key) {
  if (await kept("untold")) await tellLost(device, key);
  const room = BATCH - (await queue.sealed()).length;
  if (room <= 0) return;
  const next = [];
  for (const draft of await queue.ready(room)) {
    const photos = await wanting(draft);
    if (photos.length && next.length) break;
    if (await sendPhotos(device, key, draft, photos)) next.push(draft);
  }
  if (next.length) await queue.seal(key, device, next);
}

/** Positions were dropped here to make room: the office is told that something is missing. */
async function tellLost(device, key) {
  const from_seq = ((await kept("chain"))?.seq ?? 0) + 1;
  if (await queue.seal(key, device, [{ type: "lost", content: { from_seq }, clock_ms: Date.now() }])) await keep("untold", undefined);
}

/** The photographs that a draft names and the door does not have. */
async function wanting({ content }) {
  const names = content.photos ?? [];
  if (!names.length) return [];
  const rows = await look(["photos"], ({ photos }) => Promise.all(names.map((sha) => answerOf(photos.get(sha)))));
  return rows.filter((row) => row && !row.uploaded);
}

/** They go up. False where the door refuses one for good, and the draft with it. */
async function sendPhotos(device, key, draft, photos) {
  for (const { sha256, bytes } of photos) {
    try {
      await putPhoto(device, key, sha256, bytes);
    } catch (error) {
      if (!(error instanceof RefusedError && FOR_GOOD.has(error.reason))) throw error;
      await queue.giveUp(draft, error, Date.now());
      return false;
    }
    await queue.uploaded(sha256);
  }
  return true;
}

/** What the door said of itself: the sheet (none where it cannot be read now: the one before stays), its clock. */
async function learn({ sheet, offset_ms }) {
  await keep("offset_ms", offset_ms).catch(unlessFull);
  if (sheet) await keepSheet(sheet).catch(unlessFull);
}

function keepSheet({ words = [], ...rest }) {
  return change(["kept"], async ({ kept: store }) => {
    store.put(rest, "sheet");
    store.put(joined((await answerOf(store.get("words"))) ?? [], words), "words");
  });
}

/** What the door said can be told anew: a full storage does not hold up the sending, which makes room. */
function unlessFull(error) {
  if (!(error instanceof FullError)) throw error;
}

/** Words are handed over once, or twice where an answer was lost: each is kept once, the latest fifty. */
function joined(before, words) {
  const said = new Set(before.map(({ text, at_ms }) => `${at_ms} ${text}`));
  return [...before, ...words.filter(({ text, at_ms }) => !said.has(`${at_ms} ${text}`))].slice(-WORDS);
}

/** Forget what arrived. Whether anything moved. */
async function taken(device, key, batch, { acknowledged = 0, refused = [], expected, offset_ms }) {
  if (await queue.settle(acknowledged, refused, Date.now() + offset_ms)) return true;
  const first = batch[0];
  if (!first) return false;
  const why = refused.find(({ seq }) => seq === first.seq || seq === null)?.reason;
  if (why === "photo_missing") return putAgain(device, key, first.photos);
  if (why === "wrong_prev" || why === "wrong_signature" || expected < first.seq) return beginAnew(device, key, expected);
  return false;
}

/** The door lacks photographs that it once said it had: they go up once more. */
async function putAgain(device, key, shas) {
  for (const { sha256, bytes } of (await all("photos")).filter((row) => shas.includes(row.sha256))) {
    await putPhoto(device, key, sha256, bytes);
  }
  return shas.length > 0;
}

/** The door waits for a number that was lost here, or has another message there: say so, and begin a new chain. */
async function beginAnew(device, key, from_seq) {
  await queue.startAnew(from_seq);
  await queue.seal(key, device, [{ type: "lost", content: { from_seq }, clock_ms: Date.now() }]);
  return ANEW;
}
