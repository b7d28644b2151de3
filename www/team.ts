// Threads for the engine: workers that share its memory and wait for their part of a run.

/** What a member needs to start the engine on the memory that there is. */
export interface Shared {
  script: string;
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
}

/** The engine as its script gives it. */
export interface Threaded {
  default(options: { module_or_path: WebAssembly.Module; memory?: WebAssembly.Memory }): Promise<{
    memory: WebAssembly.Memory;
  }>;
  /** Makes the calling worker a member; never returns. */
  joinTeam(): void;
  /** Members and leader. */
  teamSize(): number;
}

/** How long members may take to start before a run goes on without them, in milliseconds. */
const PATIENCE = 5000;

/** Gives a function that starts members until the team has a size, as far as the device has cores. */
export function team(engine: Pick<Threaded, "teamSize">, start: () => Worker, shared: Shared) {
  let started = 1;
  return async (threads: number): Promise<void> => {
    const wanted = Math.min(threads, navigator.hardwareConcurrency);
    for (; started < wanted; started++) start().postMessage(shared);
    const patient = Date.now() + PATIENCE;
    while (engine.teamSize() < wanted && Date.now() < patient) await new Promise((go) => setTimeout(go, 1));
  };
}
