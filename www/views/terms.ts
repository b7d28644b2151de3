// Words of the trade, explained where they stand.

import { html, type TemplateResult } from "lit";

const TERMS = {
  Recipe: "All that decides what is cut: a method, how much of the weights goes, and what happens afterwards.",
  Mask: "Which of the layer's weights are kept and which are set to zero or removed.",
  "Kernels tried":
    "A kernel is a program that computes one layer. “Dense” computes with every weight; “element” only with those that are left; “block”, “N:M” and the like with groups of them. Numbers such as 6 × 1 are the rows and columns that it takes at a time. Each that fits is timed here, and the fastest is used.",
  Layer:
    "One step of the network. Its name is that in the network's file: first the block that it belongs to, then its own.",
} as const;

/** The word, underlined: pressed, it says what it means. */
export const term = (word: keyof typeof TERMS): TemplateResult =>
  html`<secateur-how .about=${word} .word=${word} .answer=${html`<p>${TERMS[word]}</p>`}></secateur-how>`;
