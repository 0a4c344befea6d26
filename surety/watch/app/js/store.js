// What the watch keeps, in IndexedDB: it outlives the page, the browser and the battery.
//
//   kept      single values by name: the key, the chain's end, the sheet, choices of the person
//   drafts    what happened and has no number yet, in the order in which it was written down
//   sealed    numbered, chained and signed; never altered again until the door has it
//   photos    photographs that the door does not have yet, by their SHA-256
//   receipts  what was sent and what became of it, for the person to see
//
// Every change is one transaction: it happens whole or not at all.

const NAME = "surety-watch";
const VERSION = 1;
let opened = null;

/** Thrown where the browser has no room left. */
export class FullError extends Error {}

function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => create(request.result);
    request.onsuccess = () => {
      request.result.onversionchange = close;
      request.result.onclose = () => (opened = null);
      resolve(request.result);
    };
    request.onerror = () => {
      opened = null;
      reject(request.error);
    };
  });
  return opened;
}

function create(database) {
  database.createObjectStore("kept");
  const drafts = database.createObjectStore("drafts", { keyPath: "id", autoIncrement: true });
  drafts.createIndex("urgent", "urgent"); // calls for help alone have it
  database.createObjectStore("sealed", { keyPath: "seq" });
  database.createObjectStore("photos", { keyPath: "sha256" });
  database.createObjectStore("receipts", { keyPath: "id" });
}

/** Close the database, so that another version of the app may change it. */
export async function close() {
  const database = await opened;
  opened = null;
  database?.close();
}

/** One transaction over `stores`. `work` gets them by name and must not wait for anything but them. */
export async function change(stores, work, mode = "readwrite") {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(stores, mode, { durability: "strict" });
    const byName = Object.fromEntries(stores.map((name) => [name, transaction.objectStore(name)]));
    let result;
    transaction.oncomplete = () => resolve(result);
    transaction.onabort = () => reject(reason(transaction.error));
    Promise.resolve(work(byName, transaction)).then((value) => (result = value)).catch((error) => {
      try {
        transaction.abort();
      } catch {
        // It ended by itself.
      }
      reject(reason(error));
    });
  });
}

/** Reading only. */
export const look = (stores, work) => change(stores, work, "readonly");

/** The answer to one request within a transaction. */
export function answer(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function reason(error) {
  return error?.name === "QuotaExceededError" ? new FullError("no room is left") : error ?? new Error("not written");
}

/** One kept value, or undefined. */
export const kept = (name) => look(["kept"], ({ kept: store }) => answer(store.get(name)));

/** Keep a value, or forget it where it is undefined. */
export const keep = (name, value) =>
  change(["kept"], ({ kept: store }) => {
    if (value === undefined) store.delete(name);
    else store.put(value, name);
  });

/** Everything of one store, in its order. */
export const all = (name) => look([name], (stores) => answer(stores[name].getAll()));

/** Forget everything: key, queue, photographs. For a device that is given back. */
export const forgetAll = () =>
  change(["kept", "drafts", "sealed", "photos", "receipts"], (stores) => {
    for (const store of Object.values(stores)) store.clear();
  });
