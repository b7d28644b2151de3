// "how?": the question every figure answers. A small button and a popover beside it.

import { html, LitElement, type TemplateResult } from "lit";
import { beside } from "./beside.js";

let serial = 0;

export class HowElement extends LitElement {
  static override properties = { about: {}, word: {}, answer: { attribute: false } };

  /** What the figure is, for those who hear the button and do not see where it stands. */
  declare about: string;
  /** Stands in the button's place where a word is explained, and not a figure. */
  declare word: string | undefined;
  declare answer: TemplateResult;
  readonly #id = `how-${serial++}`;

  protected override createRenderRoot(): this {
    return this;
  }

  override render(): TemplateResult {
    const button = this.word
      ? html`<button class="how word" popovertarget=${this.#id} aria-description="What does it mean?">${this.word}</button>`
      : html`<button class="how" popovertarget=${this.#id} aria-label="How is ${this.about} found?">how?</button>`;
    return html`${button}
      <div class="pop" id=${this.#id} popover role="note" aria-label=${this.about} @beforetoggle=${beside}>
        ${this.answer}
      </div>`;
  }
}
