// The page's side of the seam: one worker, known to be alive, killed to cancel.

import { wrap, type Remote as Proxied } from "comlink";
import type { Remote } from "./serve.js";
import type { Failure } from "./types.js";

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
        hint: "Reload the page; earlier runs are kept.",
      };

const engineStopped = (why: string): Failure => ({
  kind: "engine",
  message: `The engine stopped: ${why}.`,
  hint: "It was started again; earlier runs are kept. Run once more, or try a smaller change.",
});

/** For calls that come while one worker is ended and the next not yet there: nobody waits for their answer. */
const gone: Failure = { kind: "cancelled", message: "The engine is being restarted.", hint: "Try again in a moment." };

let serial = 0;

export class Client {
  #worker: Worker | undefined;
  #remote: Proxied<Remote> | undefined;
  #die: (why: Failure) => void = () => {};
  #death: Promise<never> = new Promise(() => {});

  /** `died` is called when the worker ends and nobody here asked for it. */
  constructor(
    private readonly create: (name: string) => Worker,
    private readonly died: (why: Failure) => void,
  ) {}

  /** Starts a worker in place of the one there is; resolves when its engine answers. */
  async start(): Promise<Awaited<ReturnType<Remote["begin"]>>> {
    this.kill({ kind: "cancelled", message: "The engine was restarted.", hint: "" });
    const name = `secateur-${Date.now().toString(36)}-${serial++}`;
    const worker = this.create(name);
    this.#worker = worker;
    this.#remote = wrap<Remote>(worker);
    this.#death = new Promise((_, reject) => (this.#die = reject));
    this.#death.catch(() => {});
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#lost(worker, event.message || "its script could not be loaded");
    });
    const answer = await this.call((remote) => remote.begin());
    this.#watch(worker, name);
    return answer;
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
      this.#lost(worker, undefined, failure);
      throw failure;
    }
  }

  kill(why: Failure): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#remote = undefined;
    this.#die(why);
  }

  #lost(worker: Worker, why: string | undefined, failure = engineStopped(tidy(why ?? ""))): void {
    if (worker !== this.#worker) return;
    this.kill(failure);
    this.died(failure);
  }

  #watch(worker: Worker, name: string): void {
    if (!navigator.locks) return;
    void navigator.locks.request(name, () => this.#lost(worker, "its worker was ended from outside")).catch(() => {});
  }
}

const tidy = (text: string): string => text.replace(/^Uncaught\s+/, "").replace(/\.$/, "");
