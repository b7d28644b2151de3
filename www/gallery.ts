// What there is to look at: layers as pictures, test images, cards. Fetched from the engine once and kept.

import type { Client } from "./client.js";
import { picture, type LayerPicture } from "./picture.js";
import type { Card, ModelInfo, Picture } from "./types.js";

const PICTURED_RUNS = 6;

export class Gallery {
  /** By run and layer; the dense network is a run too. */
  readonly pictures = new Map<string, Map<string, LayerPicture>>();
  readonly #images = new Map<number, Promise<Picture>>();

  constructor(private readonly client: Client) {}

  /** Other images are open now. */
  forgetImages(): void {
    this.#images.clear();
  }

  image(index: number): Promise<Picture> {
    const known = this.#images.get(index) ?? this.client.call((remote) => remote.image(index));
    this.#images.set(index, known);
    // One that did not come is asked for again.
    known.catch(() => this.#images.get(index) === known && this.#images.delete(index));
    return known;
  }

  card(path: string): Promise<Card | undefined> {
    return this.client.call((remote) => remote.card(path)).catch(() => undefined);
  }

  /** Takes pictures of a network's layers as they are in the engine now. */
  async takeAll(key: string, model: ModelInfo | undefined): Promise<void> {
    const names = model?.layers.map((layer) => layer.name) ?? [];
    const views = await this.client.call((remote) => remote.layers(names)).catch(() => undefined);
    if (!views) return;
    this.pictures.set(key, new Map(Object.entries(views).map(([name, view]) => [name, picture(view)])));
    for (const old of [...this.pictures.keys()].slice(0, -PICTURED_RUNS)) this.pictures.delete(old);
  }
}
