// How the page learns that its worker ended, however it ended: the worker holds a lock, which then becomes free.

import { within } from "./wait.js";

/** Takes the lock for as long as this worker lives; false where the browser does not give it. */
export async function hold(name: string): Promise<boolean> {
  try {
    await within(
      new Promise<void>((held, refused) => {
        navigator.locks
          .request(name, () => {
            held();
            return new Promise<never>(() => {});
          })
          .catch(refused);
      }),
    );
    return true;
  } catch {
    return false; // no locks outside secure contexts, none where site data is blocked
  }
}

/** Calls once the holder is gone. */
export function whenFree(name: string, call: () => void): void {
  void navigator.locks.request(name, call).catch(() => {});
}
