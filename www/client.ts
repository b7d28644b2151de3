// The page's side of the seam: one worker, known to be alive, killed to cancel.

import { proxy, wrap, type Remote as Proxied } from "comlink";
import { folder } from "./folder.js";
import type { Heard } from "./load.js";
import { whenFree } from "./lock.js";
import type { Begun, Remote } from "./serve.js";
import type { Failure } from "./types.js";
import { Late, PATIENCE_MS, within } from "./wait.js";

export const isFailure = (value: unknown): value is Failure =>
  typeof value === "object" &&
  value !== null &&
  !(value instanceof Error) &&
  typeof (value as Failure).kind === "string" &&
  typeof (value as Failure).message === "string";

/** Whatever was thrown, as something to be shown. */
export const asFailure = (error: unknown): Failure =>
  isFailure(error)
    ? error
    : {
        kind: "page",
        message: error instanceof Error ? error.message : String(error),
        hint: "Earlier runs are kept. If it happens again, reload the page.",
      };

const engineStopped = (why: string): Failure => ({
  kind: "engine",
  message: `The engine stopped: ${why}.`,
  hint: "It was started again; earlier runs are kept. Run once more, or try a smaller change.",
});

const notStarted = (why: string, hint: string): Failure => ({
  kind: "load",
  message: `The engine could not be started: ${why}.`,
  hint,
});

/** How often a worker without a lock is asked whether it lives, and how many times it may leave that unanswered. */
const BEAT_MS = 5000;
const BEATS = 12;

/** For calls that come while one worker is ended and the next not yet there: nobody waits for their answer. */
const gone: Failure = { kind: "cancelled", message: "The engine is being restarted.", hint: "Try again in a moment." };

let serial = 0;

export class Client {
  #worker: Worker | undefined;
  /** There once the engine has begun: nothing else may be asked before. */
  #remote: Proxied<Remote> | undefined;
  #die: (why: Failure) => void = () => {};
  #death: Promise<never> = new Promise(() => {});
  #beat: ReturnType<typeof setInterval> | undefined;

  /** `died` is called when the worker ends and nobody here asked for it; `heard` as files come in. */
  constructor(
    private readonly create: (name: string) => Worker,
    private readonly died: (why: Failure) => void,
    private readonly heard: Heard,
  ) {}

  /** Starts a worker in place of the one there is; resolves when its engine answers. */
  async start(): Promise<Begun> {
    this.kill({ kind: "cancelled", message: "The engine was restarted.", hint: "" });
    const name = `secateur ${folder()} ${Date.now().toString(36)}-${serial++}`;
    const worker = this.#create(name);
    const remote = wrap<Remote>(worker);
    this.#worker = worker;
    this.#death = new Promise((_, reject) => (this.#die = reject));
    this.#death.catch(() => {});
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      const why = this.#remote
        ? engineStopped(tidy(event.message ?? ""))
        : notStarted(tidy(event.message || "js/worker.js could not be loaded"), "Check that the page's files are complete.");
      this.#lost(worker, why);
    });
    const ended = (): void => this.#lost(worker, engineStopped("its worker was ended from outside"));
    try {
      await Promise.race([within(remote.hello(), 2 * PATIENCE_MS), this.#death]);
      this.#listen(remote, ended);
      const begun = await Promise.race([remote.begin(proxy(this.heard)), this.#death]);
      this.#remote = remote;
      if (begun.held) {
        clearInterval(this.#beat);
        whenFree(name, ended);
      }
      return begun;
    } catch (error) {
      const failure = isFailure(error)
        ? error
        : error instanceof Late
          ? notStarted(`js/worker.js did not come in ${(2 * PATIENCE_MS) / 1000} seconds`, "Check the connection, then try again.")
          : notStarted(tidy(asFailure(error).message), "Check that the page's files are of one version.");
      if (worker === this.#worker) this.kill(failure);
      throw failure;
    }
  }

  #create(name: string): Worker {
    try {
      return this.create(name);
    } catch (error) {
      // A page may take the script from another host, but its worker must come from its own.
      const foreign = error instanceof DOMException && error.name === "SecurityError";
      throw foreign
        ? notStarted(
            `its files lie at ${new URL(import.meta.url).origin}, and a browser starts workers only from the page's own address, ${location.origin}`,
            "Copy Secateur's folder to the host of this page, and take main.js from there.",
          )
        : notStarted(tidy(asFailure(error).message), "The page's policy must allow workers from its own address.");
    }
  }

  /** One call. Rejects with a Failure, also when the worker dies before it answers. */
  async call<T>(ask: (remote: Proxied<Remote>) => Promise<T>): Promise<T> {
    const worker = this.#worker;
    if (!worker || !this.#remote) throw gone;
    try {
      return await Promise.race([ask(this.#remote), this.#death]);
    } catch (error) {
      if (isFailure(error)) throw error;
      const failure = engineStopped(error instanceof Error ? tidy(error.message) : String(error));
      this.#lost(worker, failure);
      throw failure;
    }
  }

  kill(why: Failure): void {
    clearInterval(this.#beat);
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#remote = undefined;
    this.#die(why);
  }

  #lost(worker: Worker, failure: Failure): void {
    if (worker !== this.#worker) return;
    const begun = !!this.#remote;
    this.kill(failure);
    // One that never began is the business of who started it.
    if (begun) this.died(failure);
  }

  /** Asks the worker from time to time whether it lives: what there is to do without a lock. */
  #listen(remote: Proxied<Remote>, ended: () => void): void {
    let missed = 0;
    this.#beat = setInterval(() => {
      if (missed++ >= BEATS) ended();
      else void remote.hello().then(() => (missed = 0));
    }, BEAT_MS);
  }
}

const tidy = (text: string): string => text.replace(/^(Uncaught\s+)?(Error:\s+)?/, "").replace(/[.\s]+$/, "");
