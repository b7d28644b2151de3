// Small canvases: a layer's mask and a test image. Colours come from the page's own style.

import { html, LitElement, type TemplateResult } from "lit";
import type { LayerPicture } from "../picture.js";
import type { Picture } from "../types.js";

export class MaskElement extends LitElement {
  static override properties = { picture: { attribute: false }, label: {}, tone: {} };
  declare picture: LayerPicture | undefined;
  declare label: string;
  /** Changes with the theme, so that the colours are read again. */
  declare tone: string;

  protected override createRenderRoot(): this {
    return this;
  }

  override render(): TemplateResult {
    return html`<canvas role="img" aria-label=${this.label ?? ""}></canvas>`;
  }

  protected override updated(): void {
    const canvas = this.querySelector("canvas")!;
    const { picture } = this;
    if (!picture) return;
    const style = getComputedStyle(this);
    const kept = rgb(style.color);
    const cut = rgb(style.outlineColor);
    // A layer taller than wide is laid on its side, to make use of the column's width.
    const turned = picture.rows > picture.columns;
    const [wide, high] = turned ? [picture.rows, picture.columns] : [picture.columns, picture.rows];
    canvas.width = wide;
    canvas.height = high;
    const context = canvas.getContext("2d")!;
    const image = context.createImageData(wide, high);
    for (let i = 0; i < picture.mask.length; i++) {
      const [row, column] = [Math.floor(i / picture.columns), i % picture.columns];
      const at = 4 * (turned ? column * wide + row : row * wide + column);
      const [r, g, b] = picture.mask[i] ? kept : cut;
      image.data[at] = r;
      image.data[at + 1] = g;
      image.data[at + 2] = b;
      image.data[at + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  }
}

function rgb(colour: string): [number, number, number] {
  const [r = 128, g = 128, b = 128] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  return [r, g, b];
}

export class ThumbElement extends LitElement {
  static override properties = { load: { attribute: false }, of: {}, index: { type: Number }, label: {} };
  declare load: (index: number) => Promise<Picture>;
  /** The set of images that the index is of. */
  declare of: string | undefined;
  declare index: number;
  declare label: string;

  protected override createRenderRoot(): this {
    return this;
  }

  override render(): TemplateResult {
    return html`<canvas role="img" aria-label=${this.label} width="28" height="28"></canvas>`;
  }

  protected override async updated(changed: Map<string, unknown>): Promise<void> {
    if (!changed.has("index") && !changed.has("of")) return;
    const { index, of } = this;
    const picture = await this.load(index).catch(() => undefined);
    const canvas = this.querySelector("canvas");
    if (!picture || !canvas || index !== this.index || of !== this.of) return;
    canvas.width = picture.width;
    canvas.height = picture.height;
    const image = canvas.getContext("2d")!.createImageData(picture.width, picture.height);
    const area = picture.width * picture.height;
    const planes = picture.pixels.length >= 3 * area ? 3 : 1;
    for (let i = 0; i < area; i++) {
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = picture.pixels[planes === 3 ? c * area + i : i]!;
      image.data[4 * i + 3] = 255;
    }
    canvas.getContext("2d")!.putImageData(image, 0, 0);
  }
}
