// What is known now, in one piece, for the screens to show.

import { all, keep, kept } from "./store.js";
import { waiting, write } from "./queue.js";

export const CLOCK_WRONG_MS = 120_000; // a clock that is further off is told to the person

/** Everything that the screens show. */
export async function snapshot() {
  const [device, link, sheet, words, offset_ms, receipts, waits, dropped, dropped_seen] = await Promise.all([
    kept("device"),
    kept("link"),
    kept("sheet"),
    kept("words"),
    kept("offset_ms"),
    all("receipts"),
    waiting(),
    kept("dropped"),
    kept("dropped_seen"),
  ]);
  const now_ms = Date.now() + (offset_ms ?? 0);
  const gone = { dropped: dropped ?? 0, dropped_seen: dropped_seen ?? 0 };
  return { device, link, sheet, words: words ?? [], offset_ms: offset_ms ?? 0, receipts, waits, ...gone, now_ms };
}

/**
 * The photo that is asked for now: the one that is due first; null where none is. Where one more try would help, because what
 * came shows too little, it is asked for with `again`, once.
 */
export function question({ sheet, receipts, now_ms }) {
  const sent = receipts.filter(({ type, state }) => type === "check_in" && state !== "refused").map((one) => one.content.check_in_id);
  const times = (id) => sent.filter((one) => one === id).length;
  const open = (sheet?.check_ins ?? []).filter(({ id, stands, late_until_ms, again }) => {
    if (late_until_ms <= now_ms) return false;
    return stands === "asked" ? !times(id) : Boolean(again) && times(id) < 2;
  });
  return open.sort((one, other) => Boolean(one.again) - Boolean(other.again) || one.due_ms - other.due_ms)[0] ?? null;
}

/** Tell the office, once, that the question is on the screen. */
export async function seen({ id }) {
  const before = (await kept("seen")) ?? [];
  if (before.includes(id)) return false;
  await keep("seen", [...before, id].slice(-50));
  await write("seen", { check_in_id: id });
  return true;
}

const PLACED = new Set(["curfew", "attendance"]); // duties that say where to be

/** The duty for the first screen: where to be now, or next; where there is none, the first one. */
export function nextDuty(state) {
  const all = duties(state);
  return all.find(({ kind }) => PLACED.has(kind)) ?? all[0] ?? null;
}

/** The duties of today and tomorrow that are not over, the next first. */
export function duties({ sheet, now_ms }) {
  return (sheet?.duties ?? []).filter(({ to_ms }) => !to_ms || to_ms > now_ms).sort((one, other) => one.from_ms - other.from_ms);
}
