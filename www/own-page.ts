// What the element does where the page is its own: it keeps runs, holds the address, and remembers the light.

import { Address } from "./address.js";
import { NOT_KEPT } from "./failures.js";
import { dropRun, interrupted, leftOver, loadRuns, markRunning, markSweep, saveRun } from "./keep.js";
import { settingsAmong } from "./settings.js";
import { made } from "./sweep.js";
import type { Msg, Run, State, Sweep } from "./state.js";
import { rememberedTheme } from "./theme.js";
import { titleOf } from "./title.js";
import type { Settings } from "./types.js";
import { pairsOf, placeFromHash, queryFromSettings, type Place } from "./url.js";

interface Owner {
  readonly state: State;
  send(msg: Msg): void;
  setState(settings: Settings): void;
}

export class OwnPage {
  readonly #address = new Address();
  readonly #title = document.title;
  /** The page is going away: what ends now was interrupted, not finished. */
  #leaving = false;
  #swept: Sweep | undefined;

  constructor(private readonly element: Owner) {
    const { send } = element;
    send({ type: "place", place: placeFromHash(location.hash) });
    addEventListener("popstate", this.#popped);
    addEventListener("pagehide", this.#left);
    addEventListener("pageshow", this.#left);
    const theme = rememberedTheme();
    if (theme) send({ type: "theme", theme });
    if (interrupted())
      send({
        type: "notice",
        text: "The page was reloaded while a run was under way; that run was lost. Earlier runs are kept. Prune runs it again.",
      });
    void this.#kept(
      loadRuns().then((runs) => {
        send({ type: "runs", runs });
        this.#leftOver();
      }),
    );
  }

  /** A sweep that a reload interrupted is there again, to be gone on with. */
  #leftOver(): void {
    const list = leftOver();
    const { state, send } = this.element;
    if (!list?.length || state.sweep) return;
    const items = list.map((settings) => ({ settings, status: made(state.runs, settings) ? ("done" as const) : ("dropped" as const) }));
    send({ type: "sweep", sweep: { id: "", started: Date.now(), items, state: "cancelled" } });
  }

  /** What of a sweep is still to be done is remembered until it is done, or dismissed. */
  #remember(): void {
    const { sweep } = this.element.state;
    if (sweep === this.#swept || this.#leaving) return;
    this.#swept = sweep;
    markSweep(sweep && sweep.state !== "done" ? sweep.items.map((item) => item.settings) : undefined);
  }

  close(): void {
    this.#address.flush();
    document.title = this.#title;
    removeEventListener("popstate", this.#popped);
    removeEventListener("pagehide", this.#left);
    removeEventListener("pageshow", this.#left);
  }

  /** What the address asks for; what it says beyond that is somebody else's. */
  asked({ catalog }: State): Settings {
    return catalog ? settingsAmong(pairsOf(location.search), catalog) : {};
  }

  changed(settings: Settings): void {
    this.#address.write(settings);
  }

  go(place: Place): void {
    this.#address.go(place, this.element.state.settings);
    scrollTo(0, 0);
  }

  told(): void {
    this.#remember();
    const title = titleOf(this.element.state);
    if (document.title !== title) document.title = title;
  }

  keep(run: Run): void {
    void this.#kept(saveRun(run));
  }

  drop(id: string): void {
    void this.#kept(dropRun(id));
  }

  mark(settings: Settings | undefined): void {
    if (!this.#leaving) markRunning(settings);
  }

  async #kept(work: Promise<unknown>): Promise<void> {
    await work.catch(() => this.element.send({ type: "lack", text: NOT_KEPT }));
  }

  readonly #popped = (): void => {
    this.#address.forget();
    const { state, send } = this.element;
    send({ type: "place", place: placeFromHash(location.hash) });
    const settings = this.asked(state);
    if (state.catalog && queryFromSettings(settings) !== queryFromSettings(state.settings))
      this.element.setState(settings);
  };

  readonly #left = (event: Event): void => {
    this.#leaving = event.type === "pagehide";
    if (this.#leaving) this.#address.flush();
  };
}
