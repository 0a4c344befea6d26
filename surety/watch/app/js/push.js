// Web Push: the office's word reaches a watch whose app is closed, where browser and office have it.

import { fromBase64url } from "./key.js";
import { write } from "./queue.js";
import { keep, kept } from "./store.js";

/** "unset" (the office has none), "missing" (the browser has none), "denied", "off" or "on". */
export async function standing(sheet) {
  if (!("PushManager" in globalThis) || !("Notification" in globalThis)) return "missing";
  if (!sheet?.push_key) return "unset";
  if (Notification.permission === "denied") return "denied";
  const registration = await navigator.serviceWorker?.getRegistration();
  return (await registration?.pushManager.getSubscription()) ? "on" : "off";
}

/** Ask the person, then the browser; tell the office where its words can reach this watch. Whether it worked. */
export async function turnOn(sheet) {
  if ((await Notification.requestPermission()) !== "granted") return false;
  const registration = await navigator.serviceWorker.ready;
  const how = { userVisibleOnly: true, applicationServerKey: fromBase64url(sheet.push_key) };
  const subscription = await registration.pushManager.subscribe(how).catch(() => null);
  return subscription ? tell(subscription.toJSON()) : false;
}

/** No more of it. */
export async function turnOff() {
  const registration = await navigator.serviceWorker.ready;
  await (await registration.pushManager.getSubscription())?.unsubscribe();
  await tell(null);
}

async function tell(subscription) {
  if ((await kept("subscription"))?.endpoint === subscription?.endpoint) return true;
  await write("push", { subscription });
  await keep("subscription", subscription ?? undefined);
  return true;
}
