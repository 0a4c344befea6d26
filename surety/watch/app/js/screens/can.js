// What this watch can and cannot do, told honestly: from what this browser says of itself now.

import { el, icon, way } from "../dom.js";
import * as place from "../place.js";
import { tellsBattery } from "../power.js";
import { standing } from "../push.js";
import { t } from "../words.js";

export const name = "can";

/** Show it. */
export function show(app, state) {
  const list = el("ul", { class: "list" });
  told(app, state).then((rows) => list.replaceChildren(...rows.map(row)));
  const back = el("div", { class: "reach" }, way("back", t("back"), "choices", { kind: "primary" }));
  return { node: el("div", { class: "page" }, el("h1", {}, t("can.title")), el("p", { class: "hint" }, t("can.words")), list, back) };
}

/** Each as [can it, the words' key]. */
async function told(app, { sheet }) {
  const position = app.place.state === "off" || (await place.permission()) === "denied" ? "place_off" : "place_open";
  const push = await standing(sheet);
  const worker = Boolean(await navigator.serviceWorker?.getRegistration());
  const kept = Boolean(await navigator.storage?.persisted?.().catch(() => false));
  return [
    [position === "place_open", navigator.geolocation ? position : "place_missing"],
    [false, "place_closed"],
    [Boolean(navigator.mediaDevices?.getUserMedia), navigator.mediaDevices?.getUserMedia ? "camera" : "camera_missing"],
    [tellsBattery(), tellsBattery() ? "battery" : "battery_missing"],
    [false, "wear_missing"],
    [worker, worker ? "offline" : "offline_missing"],
    ["SyncManager" in globalThis, "SyncManager" in globalThis ? "sync" : "sync_missing"],
    [push === "on", `push_${push}`],
    [kept, kept ? "kept" : "kept_missing"],
  ];
}

const row = ([can, key]) =>
  el("li", { class: "row" }, icon(can ? "arrived" : "cannot"), el("p", {}, el("span", { class: "unseen" }, t(can ? "can.yes" : "can.no")), t(`can.${key}`)));
