// Waiting for the browser: what it never answers has an end here.

/** How long a browser or a server may stay silent, in milliseconds. */
export const PATIENCE_MS = 5000;

/** Thrown where an answer did not come in time. */
export class Late extends Error {
  constructor() {
    super("no answer in time");
  }
}

/** The promise, or a rejection with `Late` once it has taken too long. What comes later is dropped. */
export function within<T>(promise: Promise<T>, ms: number = PATIENCE_MS): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Late()), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export const pause = (ms: number): Promise<void> => new Promise((go) => setTimeout(go, ms));
