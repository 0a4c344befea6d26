// What waits to be sent. Something that happened is first a draft, which has its time but no number. It is given its
// number, the hash of the message before it, and its signature when it is first sent ("sealed"), and is never altered
// after that. So a call for help can overtake what waits, and a full storage can drop old positions without
// tearing the chain (docs/adr/0023).

import { sha256, sign } from "./key.js";
import { all, answer, change, FullError, kept, look } from "./store.js";

export const CANCEL_MS = 5000; // how long a call for help can be taken back
const RECEIPTS = 200; // what the page "Sent" shows; older ones are forgotten
const DROP = 1000; // old positions that are dropped at once where no room is left; about a quarter of a megabyte
const URGENT = new Set(["sos"]); // what is sent first; everything else goes in the order in which it happened
const SHOWN = new Set(["sos", "problem", "check_in"]); // what the person did, and so may want to see the fate of

/**
 * Write down that something happened. `photos`: `[{sha256, bytes}]` that the message names.
 * Returns `{id, dropped}`: how many old positions had to go to make room. Throws FullError where even that is not enough.
 */
export async function write(type, content = {}, { photos = [], holdMs = 0 } = {}) {
  const draft = drafted(type, content, Date.now(), Date.now() + holdMs);
  let dropped = 0;
  for (;;) {
    try {
      const id = await put(draft, photos);
      await noteDropped(dropped).catch(() => {});
      return { id, dropped };
    } catch (error) {
      const more = error instanceof FullError && type !== "fix" && type !== "report" ? await dropOldest() : 0;
      if (!more) throw error;
      dropped += more;
    }
  }
}

function drafted(type, content, clock_ms, hold_until_ms = 0) {
  const draft = { type, content, clock_ms, hold_until_ms };
  return URGENT.has(type) ? { ...draft, urgent: 1 } : draft;
}

function put(draft, photos) {
  return change(["drafts", "photos", "receipts"], async ({ drafts, photos: store, receipts }) => {
    for (const photo of photos) store.put(photo);
    const id = await answer(drafts.add(draft));
    if (SHOWN.has(draft.type)) receipts.put({ id, type: draft.type, content: told(draft), made_ms: draft.clock_ms, state: "waiting" });
    return id;
  });
}

const told = ({ content: { topic, check_in_id, forced } }) => ({ topic, check_in_id, forced });

/** Drop the oldest positions and reports that have no number yet, as nothing else. How many went. */
function dropOldest() {
  return change(["drafts"], async ({ drafts }) => {
    const old = (await answer(drafts.getAll(null, DROP))).filter(({ type }) => type === "fix" || type === "report");
    for (const { id } of old) drafts.delete(id);
    return old.length;
  });
}

let unnoted = 0; // how many went while there was no room even to write that down

/** The person is shown how many went; the office is told, with the next message that is sent, that something is missing. */
async function noteDropped(count) {
  unnoted += count;
  const noting = unnoted;
  if (!noting) return;
  await change(["kept"], async ({ kept: store }) => {
    store.put(((await answer(store.get("dropped"))) ?? 0) + noting, "dropped");
    store.put(true, "untold");
  });
  unnoted -= noting;
}

/** Take back what has not been sent yet, such as a call for help within its five seconds. Whether it still could be. */
export function takeBack(id) {
  return change(["drafts", "receipts"], async ({ drafts, receipts }) => {
    const there = await answer(drafts.get(id));
    if (!there) return false;
    drafts.delete(id);
    const receipt = await answer(receipts.get(id));
    if (receipt) receipts.put({ ...receipt, state: "cancelled" });
    return true;
  });
}

/** What waits, in numbers: `{count, photos, held_ms}`; `held_ms`: when the next one that is held back may go. */
export function waiting() {
  return look(["drafts", "sealed", "photos"], async ({ drafts, sealed, photos }) => {
    const [urgent, count, numbered, pictures] = await Promise.all([
      answer(drafts.index("urgent").getAll()),
      answer(drafts.count()),
      answer(sealed.count()),
      answer(photos.count()),
    ]);
    const held = urgent.filter(({ hold_until_ms }) => hold_until_ms > Date.now()).map((row) => row.hold_until_ms);
    return { count: count + numbered, photos: pictures, held_ms: held.length ? Math.min(...held) : null };
  });
}

/** The first drafts that may be sent now, at most `most`: calls for help first, else as they happened. */
export function ready(most) {
  const now = Date.now();
  // One that is held "for an hour" was held by a clock that has been set back since: the hold is over.
  const due = ({ hold_until_ms }) => hold_until_ms <= now || hold_until_ms > now + CANCEL_MS;
  return look(["drafts"], async ({ drafts }) => {
    const urgent = await answer(drafts.index("urgent").getAll());
    const others = (await answer(drafts.getAll(null, most + urgent.length))).filter((row) => !row.urgent);
    return [...urgent.filter(due), ...others].slice(0, most);
  });
}

/**
 * Give drafts their numbers, and keep them sealed. Only one sender at a time may call this; where two do all the same
 * (a browser without locks), the one whose chain has moved on meanwhile changes nothing.
 */
export async function seal(key, device, drafts) {
  try {
    const done = await sealTogether(key, device, drafts);
    await noteDropped(0).catch(() => {});
    return done;
  } catch (error) {
    // The chain's own rows need room too: without this a storage full of positions could never be sent.
    const dropped = error instanceof FullError ? await dropOldest() : 0;
    if (!dropped) throw error;
    await noteDropped(dropped).catch(() => {});
    return false;
  }
}

async function sealTogether(key, device, drafts) {
  const start = (await kept("chain")) ?? { seq: 0, prev: "" };
  const chain = { ...start };
  const rows = [];
  for (const draft of drafts) {
    const row = await numbered(key, device, chain, draft);
    rows.push(row);
    Object.assign(chain, { seq: row.seq, prev: await sha256(row.body) });
  }
  return change(["kept", "drafts", "sealed"], async ({ kept: store, drafts: waitingRows, sealed }) => {
    const now = (await answer(store.get("chain"))) ?? { seq: 0, prev: "" };
    if (now.seq !== start.seq || now.prev !== start.prev) return false;
    for (const row of rows) sealed.put(row);
    for (const { id } of drafts) if (id !== undefined) waitingRows.delete(id);
    store.put(chain, "chain");
    return true;
  });
}

async function numbered(key, device, chain, { id, type, content, clock_ms }) {
  const seq = chain.seq + 1;
  const prev = type === "lost" ? "" : chain.prev; // which begins a chain
  const body = JSON.stringify({ seq, prev, clock_ms, type, ...content });
  return { seq, body, signature: await sign(key, `surety-message-v1\n${device}\n${body}`), receipt: id, photos: content.photos ?? [] };
}

/** What is numbered and not acknowledged, in order. */
export const sealed = () => all("sealed");

/** The door has everything up to `acknowledged`, or refused it for good: forget it, and tell the person. */
export function settle(acknowledged, refused, now_ms) {
  const why = new Map(refused.map((one) => [one.seq, one]));
  return change(["sealed", "photos", "receipts"], async ({ sealed: store, photos, receipts }) => {
    const rows = await answer(store.getAll(IDBKeyRange.upperBound(acknowledged)));
    for (const row of rows) {
      store.delete(row.seq);
      for (const sha of row.photos) photos.delete(sha);
      await mark(receipts, row.receipt, why.get(row.seq), now_ms);
    }
    await prune(receipts);
    return rows.length;
  });
}

async function mark(receipts, id, refusal, now_ms) {
  const receipt = id === undefined ? undefined : await answer(receipts.get(id));
  if (!receipt) return;
  const became = refusal ? { state: "refused", reason: refusal.reason, sentence: refusal.sentence } : { state: "arrived" };
  receipts.put({ ...receipt, ...became, settled_ms: now_ms });
}

async function prune(receipts) {
  const ids = await answer(receipts.getAllKeys());
  for (const id of ids.slice(0, Math.max(0, ids.length - RECEIPTS))) receipts.delete(id);
}

/** A check-in whose photographs the door refuses for good can never arrive: it goes, and the person is told why. */
export function giveUp(draft, refusal, now_ms) {
  return change(["drafts", "photos", "receipts"], async ({ drafts, photos, receipts }) => {
    drafts.delete(draft.id);
    for (const sha of draft.content.photos) photos.delete(sha);
    await mark(receipts, draft.id, refusal, now_ms);
  });
}

/** The photograph is durable at the door; its bytes go once the message that names it is there too. */
export const uploaded = (sha256) =>
  change(["photos"], async ({ photos }) => {
    const row = await answer(photos.get(sha256));
    if (row) photos.put({ ...row, uploaded: true });
  });

/**
 * Begin a new chain with this number: the door waits for one that is not here any more. What is numbered and did not arrive
 * becomes drafts again, each with its own time, and is numbered anew.
 */
export function startAnew(from_seq) {
  return change(["kept", "drafts", "sealed"], (stores) => unseal(stores, from_seq));
}

async function unseal({ kept: store, drafts, sealed: numbered_rows }, from_seq) {
  const rows = await answer(numbered_rows.getAll());
  numbered_rows.clear();
  for (const row of rows.filter(({ receipt }) => receipt !== undefined)) drafts.put(unsealed(row));
  store.put({ seq: from_seq - 1, prev: "" }, "chain");
}

function unsealed({ body, receipt }) {
  const { seq: _seq, prev: _prev, clock_ms, type, ...content } = JSON.parse(body);
  return { ...drafted(type, content, clock_ms), id: receipt };
}

/**
 * This browser was enrolled: the key counts from now on, with a chain of its own. What waits is kept where it is the same
 * device; where it is another one, what waits may be about another person, and goes.
 */
export function enrolled(device, key) {
  const names = ["kept", "drafts", "sealed", "photos", "receipts"];
  return change(names, async (stores) => {
    const before = await answer(stores.kept.get("device"));
    if (before !== undefined && before !== device) for (const name of names) stores[name].clear();
    await unseal(stores, 1);
    for (const [name, value] of Object.entries({ device, key })) stores.kept.put(value, name);
    for (const name of ["next_key", "link", "seen", "subscription"]) stores.kept.delete(name);
  });
}
