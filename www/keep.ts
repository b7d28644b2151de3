// Runs outlive the page in IndexedDB; a run under way leaves a mark for the next load.

import type { Run } from "./store.js";
import type { Settings } from "./types.js";

const STORE = "runs";
const MARK = "secateur-running";

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("secateur", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function work<T>(
  mode: IDBTransactionMode,
  act: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T | undefined> {
  try {
    const base = await open();
    return await new Promise<T>((resolve, reject) => {
      const request = act(base.transaction(STORE, mode).objectStore(STORE));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
      request.transaction!.oncomplete = () => base.close();
    });
  } catch {
    return undefined; // private windows may refuse storage: the runs then live as long as the page
  }
}

export const saveRun = (run: Run): Promise<unknown> => work("readwrite", (store) => store.put(run));
export const dropRun = (id: string): Promise<unknown> => work("readwrite", (store) => store.delete(id));
export const loadRuns = async (): Promise<Run[]> =>
  ((await work("readonly", (store) => store.getAll() as IDBRequest<Run[]>)) ?? []).filter(
    (run) => run.record?.format === 1,
  );

export function markRunning(settings: Settings | undefined): void {
  try {
    if (settings) sessionStorage.setItem(MARK, JSON.stringify(settings));
    else sessionStorage.removeItem(MARK);
  } catch {
    // no storage, no mark
  }
}

export function interrupted(): Settings | undefined {
  try {
    const text = sessionStorage.getItem(MARK);
    sessionStorage.removeItem(MARK);
    return text ? (JSON.parse(text) as Settings) : undefined;
  } catch {
    return undefined;
  }
}
