// <secateur-lab>: the whole application as one element. Attributes and properties carry the settings' keys.

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { Controller, type Host } from "./controller.js";
import "./elements/define.js";
import { dropRun, interrupted, loadRuns, markRunning, saveRun } from "./keep.js";
import { save } from "./export.js";
import { baseline, completed, shownRecord, shownRun } from "./select.js";
import { initial, update, type Msg, type State } from "./store.js";
import { defineSettings, settingsOf } from "./settings.js";
import { sheets } from "./styles/sheets.js";
import { dress, rememberedTheme } from "./theme.js";
import type { Failure, RunRecord, Settings } from "./types.js";
import { hashFromPlace, placeFromHash, queryFromSettings, settingsFromQuery, shareLink, type Place } from "./url.js";
import { aboutView } from "./views/about.js";
import { breakEvenView } from "./views/break-even.js";
import type { Context } from "./views/context.js";
import { executorsView } from "./views/executors.js";
import { axesView, methodView } from "./views/recipe.js";
import { goView } from "./views/go.js";
import { header } from "./views/header.js";
import { inspector } from "./views/inspector.js";
import { lower } from "./views/lower.js";
import { methodsView } from "./views/methods.js";
import { networkView } from "./views/network.js";
import { sweepDialog, tally } from "./views/sweep.js";
import { timeline } from "./views/timeline.js";
import { trainingView } from "./views/training.js";
import { verdict } from "./views/verdict.js";

export class SecateurLab extends LitElement {
  #state: State = initial();
  #controller: Controller | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #observer: MutationObserver | undefined;
  #clock: ReturnType<typeof setInterval> | undefined;

  /** The page is going away: what ends now was interrupted, not finished. */
  #leaving = false;

  static override styles = sheets;

  /** The element owns the page: it keeps runs, holds the address and shows the other places. */
  get #page(): boolean {
    return this.hasAttribute("page");
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const fromPage = this.#page ? settingsFromQuery(location.search) : {};
    this.#send({ type: "settings", settings: { ...this.#state.settings, ...settingsOf(this), ...fromPage } });
    if (this.#page) this.#ownPage();
    this.#observer = new MutationObserver((changes) => this.#attributesChanged(changes));
    this.#observer.observe(this, { attributes: true });
    this.#controller = new Controller(
      this.#host(),
      (name) => new Worker(new URL("./worker.js", import.meta.url), { type: "module", name }),
    );
    void this.#controller.start();
    this.#clock = setInterval(() => this.#state.work && this.requestUpdate(), 1000);
  }

  #host(): Host {
    const state = () => this.#state;
    return {
      get state() {
        return state();
      },
      send: (msg) => this.#send(msg),
      emit: (name, detail) => this.#emit(name, detail),
      keep: (run) => void (this.#page && saveRun(run)),
      mark: (settings) => void (this.#page && !this.#leaving && markRunning(settings)),
    };
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#controller?.close();
    this.#observer?.disconnect();
    clearInterval(this.#clock);
    removeEventListener("popstate", this.#popped);
    removeEventListener("pagehide", this.#left);
    removeEventListener("pageshow", this.#left);
    this.#state = { ...this.#state, work: undefined, engine: "starting" };
  }

  /** Prunes with the present settings. Resolves with the record, rejects with a Failure. */
  run(): Promise<RunRecord> {
    const controller = this.#controller;
    const failure: Failure = { kind: "page", message: "The element is not on a page.", hint: "Insert it first." };
    return controller ? controller.settled().then(() => controller.run()) : Promise.reject(failure);
  }

  /** Holds the run, or lets it go on. */
  pause(paused = !this.#state.work?.paused): void {
    if (this.#state.work) this.#controller?.pause(paused);
  }

  /** Cancels what is under way and returns to the defaults; runs made so far stay. */
  reset(): void {
    void this.#controller?.cancel();
    const { model, data } = this.#state.settings;
    this.setState({ ...(model ? { model } : {}), ...(data ? { data } : {}) });
    this.#send({ type: "show", id: undefined });
    this.#send({ type: "notice", text: undefined });
    this.#send({ type: "failure", failure: undefined });
  }

  /** The settings in full, what is going on, the dense network measured, the record shown and all of them. */
  getState(): {
    settings: Settings;
    engine: State["engine"];
    working: boolean;
    dense: RunRecord | undefined;
    record: RunRecord | undefined;
    runs: RunRecord[];
  } {
    const s = this.#state;
    return {
      settings: completed(s),
      engine: s.engine,
      working: !!s.work,
      dense: baseline(s),
      record: shownRecord(s),
      runs: s.runs.map((run) => run.record),
    };
  }

  /** Sets the recipe; with `merge` what is not named stays. */
  setState(settings: Settings, merge = false): void {
    const next = Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, String(value)]));
    this.#send({ type: "settings", settings: merge ? { ...this.#state.settings, ...next } : next });
    this.#settingsChanged();
  }

  protected override render(): TemplateResult {
    const ctx = this.#context();
    const { place } = this.#state;
    return html`<div class="root">
      ${header(ctx)}
      ${
        place.tab === "methods"
          ? methodsView(ctx)
          : place.tab === "break-even"
            ? breakEvenView(ctx)
            : place.tab === "about"
              ? aboutView(ctx)
              : this.#lab(ctx)
      }
      ${sweepDialog(ctx)}
    </div>`;
  }

  #lab(ctx: Context): TemplateResult {
    return html`<main class="lab">
      ${ctx.page ? html`<h1 class="visually-hidden">Prune a network</h1>` : nothing} ${verdict(ctx)} ${methodView(ctx)}
      ${goView(ctx)} ${axesView(ctx)}
      <div class="middle">${networkView(ctx)} ${timeline(ctx)} ${executorsView(ctx)} ${trainingView(ctx, 150)}</div>
      ${inspector(ctx)} ${lower(ctx)}
    </main>`;
  }

  #send(msg: Msg): void {
    const before = this.#state;
    this.#state = update(before, msg);
    if (this.#state !== before) this.requestUpdate();
    if (msg.type === "theme") dress(this, msg.theme);
    if (msg.type === "catalog") defineSettings(this, msg.catalog, (key) => completed(this.#state)[key]);
  }

  #context(): Context {
    const state = this.#state;
    const send = (msg: Msg) => this.#send(msg);
    const change = (msg: Msg) => (send(msg), this.#settingsChanged());
    return {
      state,
      page: this.#page,
      send,
      set: (key, value) => change({ type: "set", key, value }),
      setMethod: (id) => change({ type: "method", id }),
      replace: (settings) => change({ type: "settings", settings }),
      run: () => void this.run().catch(() => {}),
      survey: () => void this.#controller?.survey().catch(() => {}),
      cancel: () => void this.#controller?.cancel(),
      pause: (paused) => this.#controller?.pause(paused),
      reset: () => this.reset(),
      restart: () => void this.#controller?.start(),
      restore: (run) => {
        change({ type: "settings", settings: { ...run.settings } });
        send({ type: "show", id: run.id });
        this.shadowRoot?.querySelector(".verdict")?.scrollIntoView({ block: "nearest" });
      },
      forget: (run) => {
        send({ type: "forget", id: run.id });
        if (this.#page) void dropRun(run.id);
      },
      sweep: (list) => void this.#controller?.sweep(list),
      openSweep: () => this.#openSweep(),
      share: () => void this.#share(),
      go: (place) => this.#go(place),
      link: (place) => `${location.pathname}${location.search}${hashFromPlace(place)}`,
      picture: (layer) => this.#picture(layer),
      image: (index) => this.#controller!.gallery.image(index),
      card: (id, path) => void this.#controller?.card(id, path),
      saveModel: (format) => void this.#saveModel(format),
      record: () => shownRecord(state),
    };
  }

  #picture(layer: string): ReturnType<Context["picture"]> {
    const run = shownRun(this.#state);
    const key = run && run.record.model === this.#state.model?.id ? run.id : `dense:${this.#state.model?.id}`;
    const picture = this.#controller?.gallery.pictures.get(key)?.get(layer);
    return picture && { picture, of: run && key === run.id ? "run" : "dense" };
  }

  #settingsChanged(): void {
    void this.#controller?.refresh();
    if (!this.#page) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      history.replaceState(null, "", `${location.pathname}${queryFromSettings(this.#state.settings)}${location.hash}`);
    }, 150);
  }

  #ownPage(): void {
    this.#send({ type: "place", place: placeFromHash(location.hash) });
    addEventListener("popstate", this.#popped);
    addEventListener("pagehide", this.#left);
    addEventListener("pageshow", this.#left);
    const theme = rememberedTheme();
    if (theme) this.#send({ type: "theme", theme });
    const lost = interrupted();
    if (lost)
      this.#send({
        type: "notice",
        text: "The page was reloaded while a run was under way; that run was lost. Earlier runs are kept. Prune runs it again.",
      });
    void loadRuns().then((runs) => this.#send({ type: "runs", runs }));
  }

  readonly #popped = (): void => {
    this.#send({ type: "place", place: placeFromHash(location.hash) });
    const settings = settingsFromQuery(location.search);
    if (queryFromSettings(settings) !== queryFromSettings(this.#state.settings)) this.setState(settings);
  };

  readonly #left = (event: Event): void => {
    this.#leaving = event.type === "pagehide";
  };

  #go(place: Place): void {
    this.#send({ type: "place", place });
    if (!this.#page) return;
    history.pushState(
      null,
      "",
      `${location.pathname}${queryFromSettings(this.#state.settings)}${hashFromPlace(place)}`,
    );
    scrollTo(0, 0);
  }

  async #share(): Promise<void> {
    const { model, data, method, sparsity, seed } = completed(this.#state);
    const exact = Object.entries({ model, data, method, sparsity, seed }).filter(
      (pair): pair is [string, string] => pair[1] !== undefined,
    );
    const link = shareLink(location.href, { ...Object.fromEntries(exact), ...this.#state.settings });
    try {
      await navigator.clipboard.writeText(link);
      this.#send({
        type: "notice",
        text: "The link to this recipe was copied. Who opens it gets the same network, recipe and seed.",
      });
    } catch {
      this.#send({ type: "notice", text: `The link to this recipe: ${link}` });
    }
  }

  #openSweep(): void {
    const dialog = this.shadowRoot!.querySelector<HTMLDialogElement>("#sweep")!;
    dialog.dataset.seconds = String(this.#state.runs[0]?.record.seconds ?? 0);
    dialog.showModal();
    tally({ currentTarget: dialog } as unknown as Event);
  }

  async #saveModel(format: "safetensors" | "onnx"): Promise<void> {
    try {
      const bytes = await this.#controller!.save(format);
      save(bytes as BlobPart, "application/octet-stream", `${this.#state.model?.id ?? "model"}-pruned.${format}`);
    } catch (failure) {
      this.#send({ type: "failure", failure: failure as Failure });
    }
  }

  #emit(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, composed: true, bubbles: name !== "error" }));
  }

  #attributesChanged(changes: MutationRecord[]): void {
    const given = settingsOf(this);
    const names = changes.map((change) => change.attributeName ?? "").filter((name) => name in given);
    if (names.length) this.setState(Object.fromEntries(names.map((name) => [name, given[name]!])), true);
  }
}
