// The parts of the page that are elements of their own; defined once, however often this file is loaded.

import { FigureElement } from "./figure.js";
import { HowElement } from "./how.js";
import { PickerElement } from "./picker.js";
import { MaskElement, ThumbElement } from "./pixels.js";

const parts: [string, CustomElementConstructor][] = [
  ["secateur-figure", FigureElement],
  ["secateur-how", HowElement],
  ["secateur-picker", PickerElement],
  ["secateur-mask", MaskElement],
  ["secateur-thumb", ThumbElement],
];

export function define(name: string, element: CustomElementConstructor): void {
  if (!customElements.get(name)) customElements.define(name, element);
}

for (const [name, element] of parts) define(name, element);
