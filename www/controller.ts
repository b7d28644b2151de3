// What the page does with the engine: opening, checking, running, sweeping, surveying. State changes only by messages.

import { proxy, type Remote as Proxied } from "comlink";
import { asFailure, Client } from "./client.js";
import { busy, cancelled, LOST_GPU, NO_LOCK, removed, SILENT_GPU, unopened } from "./failures.js";
import { contents, naming } from "./file.js";
import { Gallery } from "./gallery.js";
import type { Host } from "./host.js";
import type { Run, State } from "./state.js";
import { Opener } from "./opener.js";
import { baseline, fraction, occupied, ofOpenWeights } from "./select.js";
import type { Emit, Finished, Remote } from "./serve.js";
import { alike, follow } from "./sweep.js";
import type { Failure, Job, LabEvent, RunRecord, Settings } from "./types.js";
import { pause } from "./wait.js";

const CANCEL_GRACE_MS = 120;

/** Files that were opened, to tell them apart. */
let opened = 0;

export class Controller {
  readonly gallery: Gallery;
  readonly #client: Client;
  readonly #opener: Opener;
  /** The last network that could not be measured. */
  #unmeasured = "";
  #job: Promise<unknown> | undefined;
  #deaths: number[] = [];
  #stopSweep = false;
  /** While a job has the engine: ends when it lets go. */
  #claimed: Promise<void> | undefined;
  /** While a cancelled job has not let go yet. It is nobody's any more: whoever comes next waits for it. */
  #leaving: Promise<void> | undefined;
  #closed = false;

  constructor(
    private readonly host: Host,
    create: (name: string) => Worker,
  ) {
    const heard = (file: string, done: number, total: number): void =>
      host.send({ type: "loading", loading: { file, done, total } });
    this.#client = new Client(create, (why) => this.#died(why), heard);
    this.gallery = new Gallery(this.#client);
    const opening = { taken: () => !!this.#job, failed: (error: unknown) => this.#fail(error, "unopened") };
    this.#opener = new Opener(host, this.#client, this.gallery, opening);
  }

  async start(): Promise<void> {
    try {
      const { catalog, gpu, held } = await this.#client.start();
      if (!this.host.state.catalog) this.host.send({ type: "catalog", catalog });
      this.host.send({ type: "gpu", gpu });
      if (!held && isSecureContext) this.host.send({ type: "lack", text: NO_LOCK });
      if ("none" in gpu && gpu.none === "silent") this.host.send({ type: "lack", text: SILENT_GPU });
      this.#opener.forget();
      await this.refresh();
    } catch (error) {
      if (!this.#closed) this.#fail(error, "dead");
    }
  }

  /** Starts the engine anew; runs and settings stay. */
  async restart(): Promise<void> {
    this.host.send({ type: "engine", engine: "restarting" });
    await this.start();
  }

  /** Resolves when a model is open, or when it is clear that none will be. */
  async settled(): Promise<void> {
    const over = (engine: State["engine"]) => engine === "ready" || engine === "unopened" || engine === "dead";
    while (!over(this.host.state.engine) && !this.#refused() && !this.#closed) await pause(20);
  }

  #refused(): boolean {
    return this.host.state.check?.ok === false && !this.#opener.checking;
  }

  /** The element left the page for good: who waits for a run is told. Answers whether anybody does. */
  close(): boolean {
    const awaited = occupied(this.host.state) !== undefined || this.#claimed !== undefined;
    this.#closed = true;
    this.#stopSweep = true;
    if (awaited) this.host.emit("error", removed);
    this.#client.kill(removed);
    return awaited;
  }

  /** Brings what is shown up to date with the settings, and measures the dense network where that is still to be done. */
  async refresh(): Promise<void> {
    await this.#opener.refresh().catch((error: unknown) => this.#fail(error));
    this.#measureDense();
  }

  /** The dense network is measured without being asked, once a model, when nothing else runs. */
  #measureDense(): void {
    const { state } = this.host;
    if (this.#job || this.#claimed || this.#closed || state.engine !== "ready" || !state.model) return;
    if (baseline(state)) return this.#opener.fetchAhead();
    // Images of another network: the check has said so, and measuring could only fail for the same reason.
    if (state.check?.errors.some(({ key }) => key === "data")) return;
    const { opened } = this.#opener;
    if (opened === this.#unmeasured) return;
    const [model, data] = opened.split("/");
    void this.#work("baseline", { model: model!, data: data! }).catch((error: unknown) => {
      // Not again and again: it would fail each time.
      if (asFailure(error).kind !== "cancelled") this.#unmeasured = opened;
      this.#fail(error);
    });
  }

  async run(settings: Settings = this.host.state.settings, sweep?: string): Promise<RunRecord> {
    if (this.#closed) {
      this.host.emit("error", removed);
      throw removed;
    }
    return this.#claim(async () => {
      const { engine, failure } = this.host.state;
      if (engine === "dead" || engine === "unopened") throw failure ?? unopened;
      return this.#work("run", { ...settings }, sweep);
    }, sweep);
  }

  /** Measures where sparsity pays on this device; needs no network open. */
  async survey(): Promise<void> {
    await this.#claim(() =>
      this.#engage("survey", {}, async (remote, emit) => {
        const survey = await remote.survey({}, emit);
        this.host.send({ type: "surveyed", survey, at: Date.now() });
      }),
    );
  }

  /** Takes the engine for one job, if no other has it; the dense network's measurement gives way. */
  async #claim<T>(work: () => Promise<T>, sweep?: string): Promise<T> {
    await this.#leaving;
    const { state } = this.host;
    const other = sweep ? state.work?.job : occupied(state);
    if (this.#claimed || other === "run" || other === "survey") {
      const failure = busy(other === "survey" ? "survey" : "run");
      this.host.send({ type: "failure", failure });
      this.host.emit("error", failure);
      throw failure;
    }
    let release!: () => void;
    this.#claimed = new Promise((resolve) => (release = resolve));
    try {
      if (state.work) await this.#stop();
      if (this.#closed) throw removed;
      return await work();
    } catch (error) {
      if (this.#closed) throw removed;
      this.#fail(error);
      throw error;
    } finally {
      this.#claimed = undefined;
      release();
      if (!sweep) this.#measureDense();
    }
  }

  #work(job: "baseline" | "run", settings: Settings, sweep?: string): Promise<RunRecord> {
    const { host } = this;
    return this.#engage(
      job,
      settings,
      async (remote, emit) => {
        const { record, file } = await remote.run(job, settings, emit);
        if (record.notes.some((note) => note.startsWith("Without the GPU"))) host.send({ type: "lack", text: LOST_GPU });
        if (job === "baseline") {
          const [model, , opened] = this.#opener.opened.split("/");
          host.send({ type: "baseline", of: opened ?? model!, record, file });
          return record;
        }
        this.#finish(settings, { record, file }, sweep);
        await this.gallery.takeAll(host.state.shown!, host.state.model);
        host.emit("result", record);
        return record;
      },
      sweep,
    );
  }

  /** From the first word of a job to the page being up to date after it, however it ends. */
  async #engage<T>(
    job: Job,
    settings: Settings,
    act: (remote: Proxied<Remote>, emit: Emit) => Promise<T>,
    sweep?: string,
  ): Promise<T> {
    const { host } = this;
    host.send({ type: "work", job, settings, at: Date.now() });
    if (job === "run") host.mark(settings);
    const ask = this.#client.call((remote) =>
      act(
        remote,
        proxy((events: LabEvent[]) => this.#events(events)),
      ),
    );
    this.#job = ask;
    try {
      return await ask;
    } finally {
      if (this.#job === ask) this.#job = undefined;
      if (job === "run") host.mark(undefined);
      if (host.state.work?.settings === settings) host.send({ type: "stopped" });
      if (!this.#job && !sweep && !this.#closed) void this.refresh();
    }
  }

  #finish(settings: Settings, finished: Finished, sweep?: string): void {
    const at = Date.now();
    const id = `${at.toString(36)}-${finished.record.digest.slice(0, 8)}`;
    const held = this.host.state.work?.accuracy ?? [];
    const run: Run = { id, at, settings, ...finished, ...(held.length ? { held } : {}), ...(sweep ? { sweep } : {}) };
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
    const { work } = this.host.state;
    if (!work) return;
    this.host.send({ type: "stopped" });
    if (work.job !== "survey")
      this.host.send({ type: "notice", text: "Cancelled. Nothing of that run was kept; earlier runs are below." });
    const claimed = this.#claimed;
    this.#leaving = this.#stop()
      .then(() => claimed)
      .finally(() => (this.#leaving = undefined));
    await this.#leaving;
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
    this.#client.kill(cancelled);
    await ended;
    this.#job = undefined;
    await this.restart();
  }

  async sweep(list: Settings[]): Promise<void> {
    this.#stopSweep = false;
    const one = async (settings: Settings, id: string): Promise<void> => {
      await this.settled();
      // Other settings may come to the same run: a pattern that fixes its share makes one of all shares.
      const { check } = await this.#client.call((remote) => remote.check(settings));
      const { state } = this.host;
      const made = state.runs.filter(({ record }) => ofOpenWeights(state, record));
      if (check.ok && made.some(({ record }) => alike(record.recipe, check.settings))) return;
      await this.run(settings, id);
    };
    await follow(this.host, list, one, () => this.#stopSweep);
    void this.refresh();
  }

  /** Fetches the card of a network or a set of images, once. */
  async card(id: string, path: string): Promise<void> {
    if (this.host.state.cards[id]) return;
    const card = await this.gallery.card(path);
    if (card) this.host.send({ type: "card", id, card });
  }

  /** Opens a file of weights in place of the network that is open. A wrong one changes nothing. */
  async openFile(file: File): Promise<void> {
    try {
      const bytes = await contents(file);
      const model = await this.#client.call((remote) => remote.identify(bytes)).catch(naming(file.name));
      if (occupied(this.host.state)) throw busy("run");
      if (this.host.state.work) await this.#stop();
      const id = `file ${++opened}`;
      this.host.send({ type: "file", file: { id, name: file.name, model, bytes } });
      this.host.send({ type: "failure", failure: undefined });
      await this.refresh();
    } catch (error) {
      this.#fail(error);
    }
  }

  async convert(file: Uint8Array, format: string): Promise<Uint8Array> {
    await this.settled();
    return this.#client.call((remote) => remote.convert(file, format));
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
    if (this.#closed) return;
    const failure = asFailure(error);
    if (engine) this.host.send({ type: "engine", engine });
    if (failure.kind === "cancelled") return;
    if (failure !== this.host.state.failure) {
      this.host.send({ type: "failure", failure });
      this.host.emit("error", failure);
    }
  }
}
