// What the controller asks of the element that it serves.

import type { Msg, Run, State } from "./state.js";
import type { Settings } from "./types.js";

export interface Host {
  state: State;
  /** Whether training images may be fetched before anybody asks for a run. */
  ahead: boolean;
  send(msg: Msg): void;
  emit(name: "ready" | "progress" | "result" | "error", detail: unknown): void;
  keep(run: Run): void;
  mark(settings: Settings | undefined): void;
}
