// The desk: the list stays true by itself, the keyboard does everything, and nobody's place is lost.

import { enliven, isBusy, toggle } from "./alert.js";
import { LiveLink } from "./live.js";
import { nowMs, refresh } from "./time.js";

const at = (id) => document.getElementById(id);
const [list, body, pane, announce, live] = ["list", "list-body", "pane", "announce", "live"].map(at);
const narrow = matchMedia("(max-width: 760px)");
const SETTLE_MS = 140; // J held down passes over alerts without opening each: every opening is on record
const PAGE_SIZE = 50;
let chosen = list.dataset.chosen;
let settling = 0;
let paneAsked = 0;

const rows = () => at("rows");
const links = () => [...rows().querySelectorAll(".row-link")];
const paneOf = (id) => at(`row-${id}`)?.dataset.pane ?? `/alerts/${id}/pane`; // an incident's row says where its own is
const linkOf = (id) => at(`row-${id}`)?.querySelector(".row-link");

// --- selection --------------------------------------------------------------------------------------------------

const markChosen = () => {
  for (const link of rows().querySelectorAll('[aria-current="true"]')) link.removeAttribute("aria-current");
  linkOf(chosen)?.setAttribute("aria-current", "true");
};

const choose = (id, { focus = true, now = false } = {}) => {
  chosen = id;
  markChosen();
  const link = linkOf(id);
  if (focus) link?.focus({ preventScroll: true });
  link?.scrollIntoView({ block: "nearest" });
  early = "";
  pane.inert = paneIsOf() !== id;
  clearTimeout(settling);
  settling = setTimeout(() => showPane(id), now ? 0 : SETTLE_MS);
};

const move = (step) => {
  const all = links();
  if (!all.length) return;
  const here = all.findIndex((link) => link.closest(".row").dataset.id === chosen);
  const there = here < 0 ? (step > 0 ? nextAfterGone(all) : all.length - 1) : Math.min(all.length - 1, Math.max(0, here + step));
  choose(all[there].closest(".row").dataset.id);
};

// The chosen row has left the list: go on from where it stood.
let goneKey = "";
const nextAfterGone = (all) => Math.max(0, all.findIndex((link) => link.closest(".row").dataset.key > goneKey));

const loggedOut = (answer) => {
  if (!answer.redirected && answer.status !== 401) return false;
  notice("You have been logged out. Reload the page to log in again; what is shown may be old.");
  return true;
};

// While another alert than the selected one stands in the pane, nothing there can be pressed: an action must never go to
// an alert that the reader has left. A key that comes too early waits for its alert.
const paneIsOf = () => pane.querySelector(".pane")?.dataset.alert ?? "";
let early = "";

const showPane = async (id) => {
  const asked = ++paneAsked;
  pane.classList.add("pane-loading");
  try {
    const answer = await fetch(paneOf(id), { headers: { "X-Fragment": "pane" } });
    if (asked !== paneAsked || loggedOut(answer)) return;
    if (paneIsOf() === id && isBusy(pane)) return; // the same alert once more: the words somebody is writing stay
    if (answer.ok) putPane(await answer.text());
    else notice(answer.status === 404 ? "This alert is no longer among those you may see." : "The alert could not be loaded. Try again.");
  } catch {
    notice("The alert could not be loaded: the server does not answer.");
  } finally {
    if (asked === paneAsked) {
      pane.classList.remove("pane-loading");
      pane.inert = false;
      if (early && paneIsOf() === chosen) press(early);
      early = "";
    }
  }
};

const putPane = (html) => {
  const typed = pane.contains(document.activeElement);
  pane.innerHTML = html;
  pane.scrollTop = 0;
  enliven(pane);
  refresh(pane);
  if (typed && !pane.contains(document.activeElement)) pane.focus({ preventScroll: true });
};

// --- actions ----------------------------------------------------------------------------------------------------

const submit = async (form, submitter) => {
  const address = submitter?.getAttribute("formaction") ?? form.action;
  const data = new FormData(form);
  for (const button of form.querySelectorAll("button")) button.disabled = true;
  const fromList = !pane.contains(document.activeElement) || document.activeElement === document.body;
  try {
    const answer = await fetch(address, { method: "POST", body: data, headers: { "X-Fragment": "pane" } });
    if (loggedOut(answer)) return;
    const type = answer.headers.get("Content-Type") ?? "";
    if (answer.status < 500 && answer.status !== 404 && type.includes("text/html") && (answer.ok || [403, 409, 422].includes(answer.status))) {
      const html = await answer.text();
      if (!html.trimStart().startsWith("<article")) return notice("That was refused. Reload the page and try again.");
      if (paneIsOf() === chosen) { // what was asked for before this action would show the alert as it was
        paneAsked += 1;
        pane.classList.remove("pane-loading");
        pane.inert = false;
      }
      putPane(html);
      const said = pane.querySelector("[data-said]");
      if (said) announce.textContent = said.textContent.trim();
      if (said && fromList) linkOf(chosen)?.focus({ preventScroll: true });
    } else {
      notice("That did not work. Nothing was changed; try again.");
    }
  } catch {
    notice("The server does not answer. Nothing was recorded; try again when the link is back.");
  } finally {
    for (const button of form.querySelectorAll("button")) button.disabled = false;
  }
};

pane.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-act]")) return;
  event.preventDefault();
  submit(event.target, event.submitter);
});

rows().parentElement.addEventListener("click", (event) => {
  const link = event.target.closest(".row-link");
  if (!link || narrow.matches || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  choose(link.closest(".row").dataset.id, { now: true });
});

// --- keys -------------------------------------------------------------------------------------------------------

const typing = (target) => target.closest("input, textarea, select, [contenteditable], surety-map");

const press = (key) => {
  if (paneIsOf() !== chosen) {
    early = key;
    return true;
  }
  const button = pane.querySelector(`[data-key="${key}"]`);
  if (!button) return false;
  if (button.dataset.opens) toggle(pane, button.dataset.opens, true);
  else button.form.requestSubmit(button);
  return true;
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || at("keys").open) return;
  if (event.key === "Escape") return leave(event);
  if (typing(event.target)) return undefined;
  const key = event.key.toLowerCase();
  if (key === "j" || key === "k") move(key === "j" ? 1 : -1);
  else if (event.key === "?") at("keys").showModal();
  else if (event.key === "Enter" && event.target.matches(".row-link") && !narrow.matches) { choose(event.target.closest(".row").dataset.id, { now: true }); pane.focus(); }
  else if (!("acnry".includes(key) && key.length === 1 && press(key))) return undefined;
  event.preventDefault();
  return undefined;
});

const leave = (event) => {
  const open = pane.querySelector(".act[data-open]");
  if (open) toggle(pane, open.id.slice(5), false);
  else if (pane.contains(document.activeElement)) linkOf(chosen)?.focus();
  else return;
  event.preventDefault();
};

for (const button of document.querySelectorAll("[data-keys-open]")) {
  button.hidden = false;
  button.addEventListener("click", () => at("keys").showModal());
}

// --- the list stays true ----------------------------------------------------------------------------------------

const template = document.createElement("template");
const built = (html) => {
  template.innerHTML = html;
  return template.content.firstElementChild;
};

const place = (item) => {
  const key = item.dataset.key;
  const after = [...rows().children].find((other) => other.dataset.key > key);
  if (!after && rows().dataset.more === "1") return false; // its place is on a later page
  if (!rows().firstElementChild || Number(rows().dataset.page) === 1 || rows().firstElementChild.dataset.key < key) rows().insertBefore(item, after ?? null);
  else return false;
  return true;
};

const putRow = (change) => {
  const old = at(`row-${change.id}`);
  const hadFocus = old?.contains(document.activeElement);
  const item = built(change.html);
  if (old && old.dataset.key === item.dataset.key) old.replaceWith(item);
  else { old?.remove(); if (!place(item)) return; }
  item.classList.add("row-changed");
  refresh(item);
  if (hadFocus) item.querySelector(".row-link").focus({ preventScroll: true });
};

const dropRow = (id) => {
  const old = at(`row-${id}`);
  if (!old) return;
  const near = old.nextElementSibling ?? old.previousElementSibling;
  const hadFocus = old.contains(document.activeElement);
  if (id === chosen) goneKey = old.dataset.key;
  old.remove();
  if (hadFocus) (near?.querySelector(".row-link") ?? pane).focus({ preventScroll: true });
};

const trim = () => {
  while (rows().children.length > PAGE_SIZE) {
    const last = rows().lastElementChild;
    if (last.contains(document.activeElement) || last.dataset.id === chosen) return;
    last.remove();
    rows().dataset.more = "1";
  }
};

const take = (change) => {
  const top = list.scrollTop;
  const anchor = links().find((link) => link.getBoundingClientRect().top >= list.getBoundingClientRect().top);
  const before = anchor?.getBoundingClientRect().top;
  for (const row of change.rows) putRow(row);
  for (const id of change.gone) dropRow(id);
  trim();
  // What the reader looks at stays where it is when rows come in above it.
  if (top > 0 && anchor?.isConnected) list.scrollTop += anchor.getBoundingClientRect().top - before;
  at("rows-empty").hidden = rows().children.length > 0;
  const news = change.rows.map((row) => row.say).filter(Boolean);
  if (news.length) announce.textContent = news.length === 1 ? news[0] : `${news.length} new critical alerts. ${news[0]}`;
  markChosen();
  if (!chosen && rows().firstElementChild) choose(rows().firstElementChild.dataset.id, { focus: false, now: true });
  else if (change.touched.includes(chosen)) changedChosen();
};

const changedChosen = () => {
  if (!isBusy(pane)) return void showQuietly(chosen);
  notice("The alert you are working on has just changed. Your words are kept; look at its history before you send them.");
  return undefined;
};

// Our own action has drawn the pane already: draw it again only when it differs, and keep the reader's place.
const showQuietly = async (id) => {
  const asked = ++paneAsked;
  try {
    const answer = await fetch(paneOf(id), { headers: { "X-Fragment": "pane" } });
    if (asked !== paneAsked || !answer.ok || isBusy(pane)) return;
    const fresh = built(await answer.text());
    const [was, is] = [pane.querySelector(".pane"), fresh];
    if (was && was.querySelectorAll(".history li").length === is.querySelectorAll(".history li").length && was.dataset.status === is.dataset.status) return;
    const [top, key] = [pane.scrollTop, pane.contains(document.activeElement) ? document.activeElement.dataset?.key : null];
    const inside = pane.contains(document.activeElement);
    pane.replaceChildren(fresh);
    enliven(pane);
    refresh(pane);
    pane.scrollTop = top;
    if (inside) (pane.querySelector(`[data-key="${key}"]`) ?? pane).focus({ preventScroll: true });
  } catch { /* the link's own banner tells that the server is away */ }
};

const notice = (words) => {
  at("notice-words").textContent = words;
  at("notice").hidden = !words;
};

const redraw = async (query) => {
  list.classList.add("list-loading");
  try {
    const answer = await fetch(`${list.dataset.rows}?${query}`);
    if (loggedOut(answer) || !answer.ok) return;
    const got = await answer.json();
    const hadFocus = body.contains(document.activeElement);
    body.innerHTML = got.html;
    history.replaceState(null, "", got.address);
    refresh(body);
    if (!linkOf(chosen) && rows().firstElementChild) choose(rows().firstElementChild.dataset.id, { focus: false, now: true });
    markChosen();
    if (hadFocus) (linkOf(chosen) ?? pane).focus({ preventScroll: true });
    link.listen(rows().dataset.query, got.since);
  } catch {
    notice("The list could not be loaded: the server does not answer.");
  } finally {
    list.classList.remove("list-loading");
  }
};

const queryNow = () => new URLSearchParams([...new FormData(at("filters"))].filter(([, value]) => value)).toString();
at("filters").classList.add("is-live-form");
at("filters").addEventListener("change", () => redraw(queryNow()));
at("filters").addEventListener("submit", (event) => { event.preventDefault(); redraw(queryNow()); });

// --- the live link ----------------------------------------------------------------------------------------------

const link = new LiveLink(list.dataset.live);
const setLive = (on) => {
  live.dataset.state = on ? "on" : "off";
  at("live-word").textContent = on ? "Live" : "Not live";
};
link.addEventListener("live", () => { setLive(true); at("stale").hidden = true; });
link.addEventListener("rows", (event) => take(event.detail));
link.addEventListener("reset", () => redraw(queryNow()));
link.addEventListener("counts", (event) => {
  let total = 0;
  for (const [severity, count] of Object.entries(event.detail)) {
    const cell = at("counts").querySelector(`[data-severity="${severity}"]`);
    if (cell) cell.textContent = count;
    total += count;
  }
  at("count-total").textContent = total;
});
const hour = (ms) => new Date(ms).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
link.addEventListener("judging", ({ detail }) => {
  const since = detail.complete_to_ms ? `since ${hour(detail.complete_to_ms)}` : "yet";
  at("judging-words").textContent = detail.live
    ? `The rules are behind: alerts are complete up to ${hour(detail.complete_to_ms ?? nowMs())}.`
    : `Nothing has been judged ${since}: the worker gives no sign of life. New alerts are missing here. Tell the administrator.`;
  at("judging").hidden = detail.live && !detail.complete_to_ms;
});
link.addEventListener("stale", (event) => {
  setLive(false);
  const lost = Math.round(event.detail.silentMs / 1000);
  const state = hour(event.detail.stateMs);
  at("stale-words").textContent = `Live link lost ${lost < 120 ? `${lost} s` : `${Math.round(lost / 60)} min`} ago, showing the state of ${state}. Trying again by itself.`;
  at("stale").hidden = false;
});
at("stale-again").addEventListener("click", () => link.reconnect());
markChosen();
link.listen(rows().dataset.query, Number(list.dataset.since));
