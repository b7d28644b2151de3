// "how?": the question every figure answers. A small button and a popover beside it.

import { html, LitElement, type TemplateResult } from "lit";

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
      <div class="pop" id=${this.#id} popover role="note" aria-label=${this.about} @beforetoggle=${this.#place}>
        ${this.answer}
      </div>`;
  }

  #place(event: ToggleEvent): void {
    if (event.newState !== "open") return;
    const pop = event.currentTarget as HTMLElement;
    const box = this.querySelector("button")!.getBoundingClientRect();
    const width = Math.min(340, innerWidth - 24);
    pop.style.width = `${width}px`;
    pop.style.left = `${Math.max(12, Math.min(box.left, innerWidth - width - 12))}px`;
    const below = box.bottom < innerHeight * 0.6;
    pop.style.top = below ? `${box.bottom + 6}px` : "auto";
    pop.style.bottom = below ? "auto" : `${innerHeight - box.top + 6}px`;
  }
}
