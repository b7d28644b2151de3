// What the page does with the engine: opening, checking, running, sweeping. State changes only by messages.

import { proxy } from "comlink";
import { Client, isFailure } from "./client.js";
import { picture, type LayerPicture } from "./picture.js";
import type { Msg, Run, State, SweepItem } from "./store.js";
import { baseline, completed, fraction } from "./select.js";
import type { Failure, LabEvent, Picture, RunRecord, Settings } from "./types.js";

export interface Host {
  state: State;
  send(msg: Msg): void;
  emit(name: "ready" | "progress" | "result" | "error", detail: unknown): void;
  keep(run: Run): void;
  mark(settings: Settings | undefined): void;
}

const CANCEL_GRACE_MS = 120;
const PICTURED_RUNS = 6;
const busy: Failure = {
  kind: "busy",
  message: "A run is already under way.",
  hint: "Wait for it, or cancel it first.",
};

export class Controller {
  readonly pictures = new Map<string, Map<string, LayerPicture>>();
  readonly #images = new Map<string, Promise<Picture>>();
  readonly #client: Client;
  #opened = "";
  #checking = false;
  #checkAgain = false;
  #job: Promise<unknown> | undefined;
  #deaths: number[] = [];
  #stopSweep = false;
  /** A run is about to start: nothing else may take the engine. */
  #claimed = false;
  #closed = false;

  constructor(
    private readonly host: Host,
    create: (name: string) => Worker,
  ) {
    this.#client = new Client(create, (why) => this.#died(why));
  }

  async start(): Promise<void> {
    try {
      const { catalog } = await this.#client.start();
      if (!this.host.state.catalog) this.host.send({ type: "catalog", catalog });
      this.#opened = "";
      await this.refresh();
    } catch (error) {
      if (!this.#closed) this.#fail(error, "dead");
    }
  }

  /** Resolves when a model is open, or when it is clear that none will be. */
  async settled(): Promise<void> {
    const busy = () => this.host.state.engine !== "ready" && this.host.state.engine !== "dead" && !this.#refused();
    while (busy() && !this.#closed) await new Promise((go) => setTimeout(go, 20));
  }

  #refused(): boolean {
    return this.host.state.check?.ok === false && !this.#checking;
  }

  close(): void {
    this.#closed = true;
    this.#client.kill({ kind: "cancelled", message: "The page was closed.", hint: "" });
  }

  /** Brings check, preview and the open model up to date with the settings; calls in between collapse into one. */
  async refresh(): Promise<void> {
    if (this.#checking) {
      this.#checkAgain = true;
      return;
    }
    this.#checking = true;
    try {
      do {
        this.#checkAgain = false;
        const settings = this.host.state.settings;
        const wanted = this.#wanted();
        if (wanted && wanted.key !== this.#opened && !this.#job) await this.#open(wanted);
        const { check, preview } = await this.#client.call((remote) => remote.check(settings));
        this.host.send({ type: "checked", check, preview });
        const next = this.#wanted();
        if (next && next.key !== this.#opened && !this.#job) this.#checkAgain = true;
      } while (this.#checkAgain);
      if (this.#opened && this.host.state.engine !== "ready") this.host.send({ type: "engine", engine: "ready" });
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#checking = false;
    }
    this.#measureDense();
  }

  #wanted(): { model: string; data: string; key: string } | undefined {
    const { catalog } = this.host.state;
    const { model, data } = completed(this.host.state);
    const known = catalog?.models.some((row) => row.id === model) && catalog.datasets.some((row) => row.id === data);
    return known ? { model: model!, data: data!, key: `${model}/${data}` } : undefined;
  }

  async #open(wanted: { model: string; data: string; key: string }): Promise<void> {
    this.host.send({ type: "engine", engine: "opening" });
    const { model, card } = await this.#client.call((remote) => remote.open(wanted.model, wanted.data));
    this.#opened = wanted.key;
    this.#images.clear();
    this.host.send({ type: "opened", model, card });
    await this.#picture(`dense:${model.id}`);
    this.host.emit("ready", { model: model.id, data: wanted.data });
  }

  /** The dense network is measured without being asked, once a model, when nothing else runs. */
  #measureDense(): void {
    const { state } = this.host;
    if (this.#job || this.#claimed || this.#closed || state.engine !== "ready" || !state.model || baseline(state))
      return;
    const [model, data] = this.#opened.split("/");
    void this.#work("baseline", { model: model!, data: data! }).catch((error: unknown) => this.#fail(error));
  }

  async run(settings: Settings = this.host.state.settings, sweep?: string): Promise<RunRecord> {
    const { work, sweep: series } = this.host.state;
    if (this.#claimed || work?.job === "run" || (series?.state === "working" && !sweep)) {
      this.host.send({ type: "failure", failure: busy });
      this.host.emit("error", busy);
      throw busy;
    }
    this.#claimed = true;
    try {
      if (work) await this.#stop();
      return await this.#work("run", { ...settings }, sweep);
    } catch (error) {
      this.#fail(error);
      throw error;
    } finally {
      this.#claimed = false;
      if (!sweep) this.#measureDense();
    }
  }

  async #work(job: "baseline" | "run", settings: Settings, sweep?: string): Promise<RunRecord> {
    const { host } = this;
    host.send({ type: "work", job, settings, at: Date.now() });
    if (job === "run") host.mark(settings);
    const ask = this.#client.call((remote) =>
      remote.run(
        job,
        settings,
        proxy((events: LabEvent[]) => this.#events(events)),
      ),
    );
    this.#job = ask;
    try {
      const record = await ask;
      if (job === "baseline") host.send({ type: "baseline", record });
      else this.#finish(settings, record, sweep);
      if (job === "run") await this.#picture(host.state.shown!);
      if (job === "run") host.emit("result", record);
      return record;
    } finally {
      if (this.#job === ask) this.#job = undefined;
      if (job === "run") host.mark(undefined);
      if (host.state.work?.settings === settings) host.send({ type: "stopped" });
      if (!this.#job && !sweep && !this.#closed) void this.refresh();
    }
  }

  #finish(settings: Settings, record: RunRecord, sweep?: string): void {
    const at = Date.now();
    const id = `${at.toString(36)}-${record.digest.slice(0, 8)}`;
    const run: Run = { id, at, settings, record, ...(sweep ? { sweep } : {}) };
    this.host.send({ type: "finished", run });
    this.host.keep(run);
  }

  #events(events: LabEvent[]): void {
    this.host.send({ type: "events", events });
    const { work } = this.host.state;
    if (!work) return;
    const phase = work.phases[work.phase];
    this.host.emit("progress", {
      job: work.job,
      phase: work.phase,
      label: phase?.label ?? "",
      fraction: fraction(work),
    });
  }

  pause(paused: boolean): void {
    void this.#client.call((remote) => remote.hold(paused)).catch(() => {});
    this.host.send({ type: "paused", paused });
    if (this.host.state.sweep) this.host.send({ type: "sweepState", state: paused ? "paused" : "working" });
  }

  /** Immediate: the page forgets the job now; a worker that does not let go in time is ended. */
  async cancel(): Promise<void> {
    this.#stopSweep = true;
    if (this.host.state.sweep?.state !== "done") this.host.send({ type: "sweepState", state: "cancelled" });
    if (!this.host.state.work) return;
    this.host.send({ type: "stopped" });
    this.host.send({ type: "notice", text: "Cancelled. Nothing of that run was kept; earlier runs are below." });
    await this.#stop();
  }

  async #stop(): Promise<void> {
    const job = this.#job;
    if (!job) return;
    void this.#client.call((remote) => remote.stop()).catch(() => {});
    const ended = job.then(
      () => true,
      () => true,
    );
    const late = new Promise<false>((resolve) => setTimeout(() => resolve(false), CANCEL_GRACE_MS));
    if (await Promise.race([ended, late])) return;
    this.#client.kill({ kind: "cancelled", message: "The run was cancelled.", hint: "" });
    await ended;
    this.#job = undefined;
    this.host.send({ type: "engine", engine: "restarting" });
    await this.start();
  }

  async sweep(list: Settings[]): Promise<void> {
    const id = Date.now().toString(36);
    const items: SweepItem[] = list.map((settings) => ({ settings, status: "waiting" }));
    this.#stopSweep = false;
    this.host.send({ type: "sweep", sweep: { id, started: Date.now(), items, state: "working" } });
    for (let index = 0; index < list.length && !this.#stopSweep; index++) {
      this.host.send({ type: "sweepItem", index, status: "working" });
      try {
        await this.run(list[index]!, id);
        this.host.send({ type: "sweepItem", index, status: "done" });
      } catch (error) {
        if (this.#stopSweep) break;
        this.host.send({ type: "sweepItem", index, status: "failed", message: isFailure(error) ? error.message : "" });
      }
      while (this.host.state.engine === "restarting") await new Promise((go) => setTimeout(go, 50));
    }
    if (!this.#stopSweep) this.host.send({ type: "sweepState", state: "done" });
    void this.refresh();
  }

  image(index: number): Promise<Picture> {
    const key = `${this.#opened}/${index}`;
    const known = this.#images.get(key) ?? this.#client.call((remote) => remote.image(index));
    this.#images.set(key, known);
    return known;
  }

  /** Fetches the card of a network or a set of images, once. */
  async card(id: string, path: string): Promise<void> {
    if (this.host.state.cards[id]) return;
    const card = await this.#client.call((remote) => remote.card(path)).catch(() => undefined);
    if (card) this.host.send({ type: "card", id, card });
  }

  save(format: "safetensors" | "onnx"): Promise<Uint8Array> {
    return this.#client.call((remote) => remote.save(format));
  }

  async #picture(key: string): Promise<void> {
    const names = this.host.state.model?.layers.map((layer) => layer.name) ?? [];
    const views = await this.#client.call((remote) => remote.layers(names)).catch(() => undefined);
    if (!views) return;
    this.pictures.set(key, new Map(Object.entries(views).map(([name, view]) => [name, picture(view)])));
    for (const old of [...this.pictures.keys()].slice(0, -PICTURED_RUNS)) this.pictures.delete(old);
  }

  #died(why: Failure): void {
    if (this.#closed) return;
    this.host.send({ type: "stopped" });
    this.#job = undefined;
    const now = Date.now();
    this.#deaths = [...this.#deaths.filter((at) => now - at < 20_000), now];
    if (this.#deaths.length > 3) {
      this.#fail(
        { ...why, hint: "It stopped several times in a row. Reload the page; earlier runs are kept." },
        "dead",
      );
      return;
    }
    this.#fail(why, "restarting");
    void this.start();
  }

  #fail(error: unknown, engine?: State["engine"]): void {
    const failure: Failure = isFailure(error)
      ? error
      : {
          kind: "page",
          message: error instanceof Error ? error.message : String(error),
          hint: "Reload the page; earlier runs are kept.",
        };
    if (engine) this.host.send({ type: "engine", engine });
    if (failure.kind === "cancelled") return;
    if (failure !== this.host.state.failure) {
      this.host.send({ type: "failure", failure });
      this.host.emit("error", failure);
    }
  }
}
