// "how?": the question every figure answers. A small button and a popover beside it.

import { html, LitElement, type TemplateResult } from "lit";
import { beside } from "./beside.js";

let serial = 0;

export class HowElement extends LitElement {
  static override properties = { about: {}, answer: { attribute: false } };

  /** What the figure is, for those who hear the button and do not see where it stands. */
  declare about: string;
  declare answer: TemplateResult;
  readonly #id = `how-${serial++}`;

  protected override createRenderRoot(): this {
    return this;
  }

  override render(): TemplateResult {
    return html`<button class="how" popovertarget=${this.#id} aria-label="How is ${this.about} found?">how?</button>
      <div class="pop" id=${this.#id} popover role="note" aria-label=${this.about} @beforetoggle=${beside}>
        ${this.answer}
      </div>`;
  }
}
