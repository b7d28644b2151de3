// What a view may see and do. Views are functions of this; they hold no state.

import type { LayerPicture } from "../picture.js";
import type { Msg, Run, State } from "../state.js";
import type { FormatRow, Picture, RunRecord, Settings } from "../types.js";
import type { Place } from "../url.js";

export interface Context {
  state: State;
  /** The element owns the page: it has tabs, a link to share and the address. */
  page: boolean;
  send(msg: Msg): void;
  /** Changes one setting; undefined returns it to its default. */
  set(key: string, value: string | undefined): void;
  setMethod(id: string): void;
  replace(settings: Settings): void;
  run(): void;
  /** Measures where sparsity pays here. */
  survey(): void;
  cancel(): void;
  pause(paused: boolean): void;
  reset(): void;
  restart(): void;
  restore(run: Run): void;
  forget(run: Run): void;
  /** Brings back the run removed last. */
  unforget(): void;
  sweep(list: Settings[]): void;
  openSweep(): void;
  share(): void;
  /** Copies a text and says how that went; false where the browser did not allow it. */
  copy(text: string, done: string, failed: string): Promise<boolean>;
  /** Loads again what could not be loaded. */
  retry(): void;
  go(place: Place): void;
  link(place: Place): string;
  picture(layer: string): { picture: LayerPicture; of: "run" | "dense" } | undefined;
  image(index: number): Promise<Picture>;
  card(id: string, path: string): void;
  /** Saves what is shown. */
  save(format: FormatRow): void;
  /** Opens a file of weights. */
  openFile(file: File): void;
  record(): RunRecord | undefined;
}
