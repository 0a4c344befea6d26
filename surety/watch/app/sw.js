// The service worker: keeps the app's own files, so that it opens without a connection; sends what waits when the browser
// wakes it for that; shows a prompt that was pushed. It never keeps an answer of the door.

import { FILES, VERSION } from "./shell.js";
import { exchange } from "./js/sender.js";
import { question, snapshot } from "./js/state.js";
import { speak, t, wanted } from "./js/words.js";

const CACHE = `surety-watch-${VERSION}`;
const PUSH_PATIENCE_MS = 10_000; // browsers give a push about half a minute
const SHEET_MS = 1500; // the door may tell what it read a second before
const HERE = new URL("./", self.location).href;
const ADDRESSES = new Set(FILES.map((name) => new URL(name, HERE).href));

// All files of one version, or none: a half new app is worse than an old one.
self.addEventListener("install", (event) => {
  const files = FILES.map((name) => new Request(new URL(name, HERE), { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(files)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOld().then(() => self.clients.claim()));
});

async function forgetOld() {
  const old = (await caches.keys()).filter((name) => name.startsWith("surety-watch-") && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  const page = event.request.mode === "navigate";
  const name = page ? new URL("index.html", HERE).href : address.origin + address.pathname;
  if (event.request.method === "GET" && ADDRESSES.has(name)) event.respondWith(fromCache(event.request, name));
});

async function fromCache(request, name) {
  const cache = await caches.open(CACHE);
  return (await cache.match(name)) ?? fetch(request);
}

self.addEventListener("sync", (event) => {
  if (event.tag === "send") event.waitUntil(sendOrFail());
});

self.addEventListener("periodicsync", (event) => {
  if (event.tag === "poll") event.waitUntil(exchange());
});

/** The browser tries again later where this fails. */
async function sendOrFail() {
  const link = await exchange();
  if (link?.state === "away" || link?.state === "busy") throw new Error("not sent yet");
}

self.addEventListener("push", (event) => event.waitUntil(woken()));

/** A push carries nothing: it is a reason to ask the door. The browser wants something shown for each, so it is told either way. */
async function woken() {
  const nothing = (await nothingAsked()) && (await after(SHEET_MS)) && (await nothingAsked());
  await speak(await wanted(), (address) => fromCache(address, address.href));
  await self.registration.showNotification(t(nothing ? "push.other" : "push.title"), {
    body: t(nothing ? "push.look" : "push.words"),
    tag: "photo",
    renotify: true,
    requireInteraction: !nothing,
    icon: "icons/surety-192.png",
    badge: "icons/surety-192.png",
    vibrate: [200, 100, 200],
  });
}

/** Whether the door says that no photo is asked for; not where it does not answer. */
async function nothingAsked() {
  const link = await Promise.race([exchange().catch(() => null), after(PUSH_PATIENCE_MS)]);
  return link?.state === "connected" && !question(await snapshot());
}

const after = (ms) => new Promise((done) => setTimeout(() => done(true), ms));

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(openApp());
});

async function openApp() {
  const address = `${HERE}#/check-in`;
  const [open] = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  if (!open) return self.clients.openWindow(address);
  await open.navigate(address).catch(() => {});
  return open.focus();
}
