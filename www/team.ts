// Threads for the engine: workers that share its memory and wait for their part of a run.

import { pause, PATIENCE_MS } from "./wait.js";

/** What a member needs to start the engine on the memory that there is. */
export interface Shared {
  script: string;
  module: WebAssembly.Module;
  /** The engine's second file. */
  rest: WebAssembly.Module;
  memory: WebAssembly.Memory;
}

/** The engine as its script gives it. */
export interface Threaded {
  default(options: { module_or_path: WebAssembly.Module; memory?: WebAssembly.Memory }): Promise<
    WebAssembly.Exports & { memory: WebAssembly.Memory }
  >;
  /** Makes the calling worker a member; never returns. */
  joinTeam(): void;
  /** Members and leader. */
  teamSize(): number;
}

/**
 * Gives a function that starts members until the team has a size, as far as the device has cores, and answers with the size
 * that it came to. Members that did not start in time are not waited for again; they count once they are there.
 */
export function team(
  engine: Pick<Threaded, "teamSize">,
  start: () => Worker,
  shared: () => Promise<Shared>,
  patience = PATIENCE_MS,
) {
  let started = 1;
  let waited = 1;
  return async (threads: number): Promise<number> => {
    const wanted = Math.min(threads, navigator.hardwareConcurrency);
    const given = started < wanted ? await shared() : undefined;
    for (; started < wanted; started++) {
      try {
        start().postMessage(given);
      } catch {
        break; // the browser starts no more workers: the run goes on with those there are
      }
    }
    const patient = performance.now() + (wanted > waited ? patience : 0);
    while (engine.teamSize() < Math.min(wanted, started) && performance.now() < patient) await pause(1);
    waited = Math.max(waited, wanted);
    return engine.teamSize();
  };
}
