// Runs outlive the page in IndexedDB; a run under way leaves a mark for the next load. Names carry the folder of this copy
// of the page: copies in other folders of the host keep their own.

import { folder } from "./folder.js";
import type { Run } from "./state.js";
import type { Settings } from "./types.js";
import { within } from "./wait.js";

const STORE = "runs";
const named = (what: string): string => `secateur-${what} ${folder()}`;

/** The base of all copies of a host, before names carried folders. Each copy starts with what is in it. */
const SHARED = "secateur";

const answer = <T>(request: IDBRequest<T>): Promise<T> =>
  within(
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    }),
  );

/** Resolves once the work is on disk. */
const written = (transaction: IDBTransaction): Promise<void> =>
  within(
    new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    }),
  );

async function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(named("runs"), 1);
  let fresh = false;
  request.onupgradeneeded = () => {
    fresh = true;
    request.result.createObjectStore(STORE, { keyPath: "id" });
  };
  // One that opens after all, when nobody waits any more, must not stand in the way of others.
  let late = false;
  request.addEventListener("success", () => late && request.result.close());
  const base = await answer(request).catch((error: unknown) => {
    late = true;
    throw error;
  });
  if (fresh) await takeOver(base).catch(() => {});
  return base;
}

/** Copies the runs of the shared base into a new one. They stay there for other copies of the page. */
async function takeOver(base: IDBDatabase): Promise<void> {
  const request = indexedDB.open(SHARED);
  // Not there: it is not to be made by looking for it.
  request.onupgradeneeded = () => request.transaction!.abort();
  const shared = await answer(request);
  try {
    const runs = await answer(shared.transaction(STORE).objectStore(STORE).getAll() as IDBRequest<Run[]>);
    const copy = base.transaction(STORE, "readwrite");
    for (const run of runs) copy.objectStore(STORE).put(run);
    await written(copy);
  } finally {
    shared.close();
  }
}

/** Rejects where the browser keeps nothing, as private windows may, or does not answer. */
async function work<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const base = await open();
  try {
    const transaction = base.transaction(STORE, mode);
    const done = written(transaction);
    done.catch(() => {}); // told below, unless the request itself fails first
    const [result] = await Promise.all([answer(act(transaction.objectStore(STORE))), done]);
    return result;
  } finally {
    base.close();
  }
}

export const saveRun = (run: Run): Promise<unknown> => work("readwrite", (store) => store.put(run));
export const dropRun = (id: string): Promise<unknown> => work("readwrite", (store) => store.delete(id));
export const loadRuns = async (): Promise<Run[]> =>
  (await work("readonly", (store) => store.getAll() as IDBRequest<Run[]>)).filter((run) => run.record?.format === 1);

/** A mark that outlives a reload of this tab; without storage there is none. */
function mark(name: string, value: unknown): void {
  try {
    if (value === undefined) sessionStorage.removeItem(named(name));
    else sessionStorage.setItem(named(name), JSON.stringify(value));
  } catch {
    // no storage, no mark
  }
}

/** The mark that the last load of this tab left, once. */
function marked<T>(name: string): T | undefined {
  try {
    const text = sessionStorage.getItem(named(name));
    sessionStorage.removeItem(named(name));
    return text ? (JSON.parse(text) as T) : undefined;
  } catch {
    return undefined;
  }
}

export const markRunning = (settings: Settings | undefined): void => mark("running", settings);
export const interrupted = (): Settings | undefined => marked("running");

/** The runs of a sweep that is not over. */
export const markSweep = (list: Settings[] | undefined): void => mark("sweep", list);
export const leftOver = (): Settings[] | undefined => marked("sweep");
