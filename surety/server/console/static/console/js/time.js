// The domain's time in the browser: keeps "6 min ago" and "12 min left" true without asking the server.
// The server tells its instant and its clock's speed in <html data-now-ms data-clock-speed>.

const root = document.documentElement;
let [serverMs, seenAt] = [Number(root.dataset.nowMs), performance.now()];
const speed = Number(root.dataset.clockSpeed) || 1;
const MINUTE_MS = 60_000;

/** The present instant of the domain, in milliseconds. */
export const nowMs = () => serverMs + (performance.now() - seenAt) * speed;

/** Believe the server's clock anew: it told its instant just now. */
export const setNow = (ms) => { [serverMs, seenAt] = [ms, performance.now()]; };

export const span = (ms) => {
  const minutes = Math.floor(ms / MINUTE_MS);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 1440) return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
  const days = Math.floor(minutes / 1440);
  return days === 1 ? "1 day" : `${days} days`;
};

export const ago = (at, now) => {
  if (Math.abs(now - at) < MINUTE_MS) return "just now";
  return at <= now ? `${span(now - at)} ago` : `in ${span(at - now)}`;
};

const say = (node, words) => { if (node.textContent !== words) node.textContent = words; };

/** Write every relative time below `within` anew. */
export const refresh = (within = document) => {
  const now = nowMs();
  for (const node of within.querySelectorAll("[data-ago-ms]")) say(node, ago(Number(node.dataset.agoMs), now));
  for (const node of within.querySelectorAll("[data-due-ms]")) {
    const left = Number(node.dataset.dueMs) - now;
    say(node, left >= 0 ? `${span(left)} left` : `${span(-left)} over`);
    const state = left < 0 ? "over" : left < 5 * MINUTE_MS ? "soon" : "ahead";
    if (!node.classList.contains(`due-${state}`)) node.className = `due due-${state}`;
  }
};

setInterval(() => { if (!document.hidden) refresh(); }, Math.max(1000, 15_000 / speed));
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });

// A menu closes with Escape and when something else is pressed.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
