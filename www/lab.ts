// <secateur-lab>: the whole application as one element. Attributes and properties carry the settings' keys.

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { announcement } from "./announce.js";
import { asFailure } from "./client.js";
import { copy } from "./clipboard.js";
import { Controller } from "./controller.js";
import type { Host } from "./host.js";
import "./elements/define.js";
import { save } from "./export.js";
import { removed } from "./failures.js";
import { dragged, dropped, fileName } from "./file.js";
import { FocusKeeper } from "./focus.js";
import { OwnPage } from "./own-page.js";
import { baseline, completed, runOnPage, shownFile, shownRecord } from "./select.js";
import { initial, type Msg, type State } from "./state.js";
import { update } from "./store.js";
import { attributesOf, defineSettings, given, keysOf, settingsAmong } from "./settings.js";
import { sheets } from "./styles/sheets.js";
import { dress } from "./theme.js";
import type { Catalog, Failure, FormatRow, RunRecord, Settings } from "./types.js";
import { hashFromPlace, queryFromSettings, shareLink, type Place } from "./url.js";
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

/** An element that is back within this time, in milliseconds, was moved and not removed: its work goes on. */
const MOVED_MS = 100;

export class SecateurLab extends LitElement {
  #state: State = initial();
  #controller: Controller | undefined;
  #own: OwnPage | undefined;
  #observer: MutationObserver | undefined;
  #clock: ReturnType<typeof setInterval> | undefined;
  #leaving: ReturnType<typeof setTimeout> | undefined;

  /** The host gave a whole recipe before the catalog came: what attributes and address say no longer counts. */
  #replaced = false;

  static override styles = sheets;

  constructor() {
    super();
    new FocusKeeper(this);
  }

  /** The element owns the page: it keeps runs, holds the address and shows the other places. */
  get #page(): boolean {
    return this.hasAttribute("page");
  }

  override connectedCallback(): void {
    super.connectedCallback();
    clearTimeout(this.#leaving);
    if (this.#controller) return;
    if (!this.#observer) {
      this.#observer = new MutationObserver((changes) => this.#attributesChanged(changes));
      this.#observer.observe(this, { attributes: true });
    }
    if (this.#page) this.#own = new OwnPage(this.#host());
    this.#controller = new Controller(
      this.#host(),
      (name) => new Worker(new URL("./worker.js", import.meta.url), { type: "module", name }),
    );
    void this.#controller.start();
    this.#clock = setInterval(() => this.#state.work && this.requestUpdate(), 1000);
  }

  #host(): Host & { setState(settings: Settings): void } {
    const state = () => this.#state;
    return {
      get state() {
        return state();
      },
      ahead: this.#page && !(navigator as { connection?: { saveData?: boolean } }).connection?.saveData,
      send: (msg) => this.#send(msg),
      emit: (name, detail) => this.#emit(name, detail),
      keep: (run) => this.#own?.keep(run),
      mark: (settings) => this.#own?.mark(settings),
      setState: (settings) => this.setState(settings),
    };
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#leaving = setTimeout(() => this.#close(), MOVED_MS);
  }

  /** Gives back what the element holds of the browser; settings and runs stay for when it is put back. */
  #close(): void {
    const lost = this.#controller?.close();
    this.#own?.mark(undefined);
    this.#own?.close();
    this.#controller = this.#own = undefined;
    clearInterval(this.#clock);
    if (this.#state.sweep) this.#send({ type: "sweepState", state: "cancelled" });
    this.#send({ type: "stopped" });
    this.#send({ type: "engine", engine: "starting" });
    if (lost) this.#send({ type: "failure", failure: removed });
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

  /** Sets the recipe; with `merge` what is not named stays. Undefined, null and "" mean the default. */
  setState(settings: Record<string, unknown>, merge = false): void {
    const named = Object.keys(settings);
    const others = Object.entries(this.#state.settings).filter(([key]) => !named.includes(key));
    this.#send({ type: "settings", settings: { ...(merge ? Object.fromEntries(others) : {}), ...given(settings) } });
    if (!merge && !this.#state.catalog) this.#replaced = true;
    this.#settingsChanged();
  }

  protected override render(): TemplateResult {
    const ctx = this.#context();
    const { place } = this.#state;
    return html`<div class="root" @dragover=${dragged} @drop=${(event: DragEvent) => dropped(event, ctx.openFile)}>
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
      <p class="visually-hidden" role="status">${announcement(this.#state)}</p>
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
    if (msg.type === "catalog") this.#adopt(msg.catalog);
    this.#own?.told();
  }

  /** Now that the keys are known: what attributes and address said until now, under what was set since. */
  #adopt(catalog: Catalog): void {
    const said = this.#replaced
      ? {}
      : { ...settingsAmong(attributesOf(this), catalog), ...this.#own?.asked(this.#state) };
    const asked = { ...said, ...this.#state.settings };
    // Who asks for nothing is shown what is worth seeing first.
    const first = this.#own && !this.#replaced && !Object.keys(asked).length;
    this.#send({ type: "settings", settings: first ? { ...catalog.first } : asked });
    defineSettings(this, catalog, (key) => completed(this.#state)[key]);
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
      restart: () => void this.#controller?.restart(),
      restore: (run) => {
        change({ type: "settings", settings: { ...run.settings } });
        send({ type: "show", id: run.id });
        this.shadowRoot?.querySelector(".verdict")?.scrollIntoView({ block: "nearest" });
      },
      forget: (run) => {
        send({ type: "forget", id: run.id });
        this.#own?.drop(run.id);
      },
      unforget: () => {
        const { removed } = state;
        send({ type: "unforget" });
        if (removed) this.#own?.keep(removed);
      },
      sweep: (list) => void this.#controller?.sweep(list),
      openSweep: () => this.#openSweep(),
      share: () => void this.#share(),
      copy: (text, done, failed) => this.#copy(text, done, failed),
      retry: () => void this.#controller?.refresh(),
      go: (place) => this.#go(place),
      link: (place) => `${location.pathname}${queryFromSettings(state.settings)}${hashFromPlace(place)}`,
      picture: (layer) => this.#picture(layer),
      image: (index) => this.#controller!.gallery.image(index),
      card: (id, path) => void this.#controller?.card(id, path),
      save: (format) => void this.#save(format),
      openFile: (file) => void this.#controller?.openFile(file),
      record: () => shownRecord(state),
    };
  }

  #picture(layer: string): ReturnType<Context["picture"]> {
    const run = runOnPage(this.#state);
    const key = run?.id ?? `dense:${this.#state.model?.digest}`;
    const picture = this.#controller?.gallery.pictures.get(key)?.get(layer);
    return picture && { picture, of: run ? "run" : "dense" };
  }

  #settingsChanged(): void {
    void this.#controller?.refresh();
    if (this.#state.catalog) this.#own?.changed(this.#state.settings);
  }

  #go(place: Place): void {
    this.#send({ type: "place", place });
    this.#own?.go(place);
  }

  async #share(): Promise<void> {
    const { model, data, method, sparsity, seed } = completed(this.#state);
    const exact = Object.entries({ model, data, method, sparsity, seed }).filter(
      (pair): pair is [string, string] => pair[1] !== undefined,
    );
    const link = shareLink(location.href, { ...Object.fromEntries(exact), ...this.#state.settings });
    await this.#copy(
      link,
      "The link to this recipe was copied. Who opens it gets the same network, recipe and seed.",
      `The browser did not let the page copy. The link to this recipe: ${link}`,
    );
  }

  /** Copies, and says whether that worked. */
  async #copy(text: string, done: string, failed: string): Promise<boolean> {
    const copied = await copy(text);
    this.#send({ type: "notice", text: copied ? done : failed });
    return copied;
  }

  #openSweep(): void {
    const dialog = this.shadowRoot!.querySelector<HTMLDialogElement>("#sweep")!;
    dialog.dataset.seconds = String(this.#state.runs[0]?.record.seconds ?? 0);
    dialog.showModal();
    tally({ currentTarget: dialog } as unknown as Event);
  }

  /** Saves what is shown: its own bytes, whatever the engine has open. */
  async #save(format: FormatRow): Promise<void> {
    const [file, record] = [shownFile(this.#state), shownRecord(this.#state) ?? baseline(this.#state)];
    if (!file || !record) return;
    try {
      const bytes = await this.#controller!.convert(file.bytes, format.id);
      save(bytes as BlobPart, "application/octet-stream", fileName(this.#state.catalog, record, format));
    } catch (failure) {
      this.#send({ type: "failure", failure: asFailure(failure) });
    }
  }

  #emit(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, composed: true, bubbles: name !== "error" }));
  }

  #attributesChanged(changes: MutationRecord[]): void {
    const { catalog, settings } = this.#state;
    if (!catalog) return; // all of them are read when it comes
    const names = new Set(changes.map((change) => change.attributeName ?? ""));
    const now = settingsAmong(
      attributesOf(this).filter(([name]) => names.has(name)),
      catalog,
    );
    const keys = keysOf(catalog);
    const ours = [...names].filter((name) => keys.includes(name) || name in now || name in settings);
    if (ours.length) this.setState(Object.fromEntries(ours.map((name) => [name, now[name]])), true);
  }
}
