// The page's address, kept up with the recipe and the place. Browsers take only so many changes in a while, and may refuse.

import type { Settings } from "./types.js";
import { hashFromPlace, queryFromSettings, type Place } from "./url.js";

/** Least time between two changes, in milliseconds: some browsers take a hundred in thirty seconds, and then throw. */
const REST_MS = 400;

export class Address {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #settings: Settings | undefined;

  /** Says the recipe in the address soon; of several in a while the last counts. */
  write(settings: Settings): void {
    this.#settings = settings;
    this.#timer ??= setTimeout(() => this.flush(), REST_MS);
  }

  /** Writes at once what waits to be written. */
  flush(): void {
    const settings = this.#settings;
    this.forget();
    if (settings) change("replaceState", `${location.pathname}${queryFromSettings(settings)}${location.hash}`);
  }

  /** What waits is out of date: the address was changed by the visitor. */
  forget(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#settings = undefined;
  }

  go(place: Place, settings: Settings): void {
    this.forget();
    change("pushState", `${location.pathname}${queryFromSettings(settings)}${hashFromPlace(place)}`);
  }
}

function change(how: "replaceState" | "pushState", url: string): void {
  try {
    history[how](null, "", url);
  } catch {
    // Too many changes, or a frame without an address: the page works, and Share makes its link from the settings.
  }
}
