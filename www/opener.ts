// Keeps the open network, the check and the preview up to date with the settings.

import type { Client } from "./client.js";
import type { Host } from "./host.js";
import type { Gallery } from "./gallery.js";
import { wanted, type Wanted } from "./select.js";

/** How long nothing must have happened before files are fetched ahead, in milliseconds. */
const IDLE_MS = 1500;

interface Opening {
  /** A job has the engine: no other network may be opened under it. */
  taken(): boolean;
  failed(error: unknown): void;
}

export class Opener {
  /** The network and images that are open. */
  opened = "";
  checking = false;
  #again = false;
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: Host,
    private readonly client: Client,
    private readonly gallery: Gallery,
    private readonly opening: Opening,
  ) {}

  /** The engine is a new one. */
  forget(): void {
    this.opened = "";
  }

  /** Calls that come while one is under way collapse into one more. */
  async refresh(): Promise<void> {
    this.#again = true;
    if (this.checking) return;
    this.checking = true;
    try {
      while (this.#again) {
        this.#again = false;
        await this.#once();
      }
      const { engine } = this.host.state;
      if (this.opened && engine !== "ready" && engine !== "unopened") this.host.send({ type: "engine", engine: "ready" });
    } finally {
      this.checking = false;
    }
  }

  async #once(): Promise<void> {
    const { settings } = this.host.state;
    const first = wanted(this.host.state);
    const opens = this.#missing(first);
    if (opens) await this.#open(first!).catch(this.opening.failed);
    const { check, preview } = await this.client.call((remote) => remote.check(settings));
    this.host.send({ type: "checked", check, asked: settings, preview });
    // The check may have said what else is wanted; what could not be opened is not tried at once again.
    const next = wanted(this.host.state);
    if (this.#missing(next) && !(opens && next?.key === first?.key)) this.#again = true;
  }

  #missing(wanted: Wanted | undefined): boolean {
    return !!wanted && wanted.key !== this.opened && !this.opening.taken();
  }

  async #open(wanted: Wanted): Promise<void> {
    this.host.send({ type: "engine", engine: "opening" });
    const { model, card, passage } = await this.client.call((remote) => remote.open(wanted.model, wanted.data, wanted.file?.bytes));
    this.opened = wanted.key;
    this.gallery.forgetImages();
    this.host.send({ type: "opened", model, card, passage });
    await this.gallery.takeAll(`dense:${model.digest}`, model);
    this.host.emit("ready", { model: model.id, data: wanted.data });
  }

  /** Once all is at rest, what the next run will ask for is fetched; that it failed is told when it is missed. */
  fetchAhead(): void {
    clearTimeout(this.#idle);
    if (!this.host.ahead) return;
    this.#idle = setTimeout(() => {
      const { settings, check, work } = this.host.state;
      if (work || !check?.ok) return;
      void this.client.call((remote) => remote.ahead(settings)).catch(() => {});
    }, IDLE_MS);
  }
}
