// A searchable list in groups: a button that opens a panel with a search line and the list.

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { found } from "../search.js";

export interface Choice {
  id: string;
  name: string;
  what: string;
  group: string;
  /** What it is looked for by. */
  terms: string;
  /** Why it cannot be chosen now. */
  disabled?: string;
}

let serial = 0;

export class PickerElement extends LitElement {
  static override properties = {
    choices: { attribute: false },
    value: {},
    label: {},
    text: {},
    query: { state: true },
    at: { state: true },
    open: { state: true },
  };
  declare choices: Choice[];
  declare value: string;
  declare label: string;
  /** Shown on the button. */
  declare text: string;
  declare query: string;
  declare at: number;
  declare open: boolean;
  readonly #id = `picker-${serial++}`;

  constructor() {
    super();
    this.choices = [];
    this.query = "";
    this.at = 0;
    this.open = false;
  }

  protected override createRenderRoot(): this {
    return this;
  }

  #found(): Choice[] {
    const hits = this.choices.filter((choice) => found(choice.terms, this.query.trim()));
    const groups = [...new Set(hits.map((choice) => choice.group))];
    return groups.flatMap((group) => hits.filter((choice) => choice.group === group));
  }

  override render(): TemplateResult {
    const found = this.open ? this.#found() : [];
    const groups = [...new Set(found.map((choice) => choice.group))];
    const option = (choice: Choice) => {
      const index = found.indexOf(choice);
      return html`<div
        role="option"
        id="${this.#id}-${index}"
        class=${index === this.at ? "at" : ""}
        aria-selected=${choice.id === this.value}
        aria-disabled=${choice.disabled ? "true" : nothing}
        @click=${() => this.#choose(choice)}
        @pointermove=${() => (this.at = index)}
      >
        <span class="name">${choice.name}</span>
        <span class="note">${choice.disabled ?? choice.what}</span>
      </div>`;
    };
    return html`<button
        class="select"
        popovertarget=${this.#id}
        aria-haspopup="listbox"
        aria-label="${this.label}: ${this.text}"
        title=${this.text}
        @keydown=${(event: KeyboardEvent) => event.key === "ArrowDown" && (event.preventDefault(), this.#panel().showPopover())}
      >
        <span>${this.text}</span>
      </button>
      <div class="pop panel" id=${this.#id} popover @beforetoggle=${this.#place} @toggle=${this.#toggled}>
        <input
          type="search"
          autofocus
          role="combobox"
          aria-label="Search ${this.label.toLowerCase()}"
          aria-expanded="true"
          aria-controls="${this.#id}-list"
          aria-activedescendant=${found.length ? `${this.#id}-${this.at}` : nothing}
          aria-autocomplete="list"
          placeholder="Search"
          .value=${this.query}
          @input=${(event: InputEvent) => {
            this.query = (event.target as HTMLInputElement).value;
            this.at = 0;
          }}
          @keydown=${this.#key}
        />
        <div class="list" role="listbox" id="${this.#id}-list" aria-label=${this.label} tabindex="-1">
          ${groups.map(
            (group, g) =>
              html`<div role="group" aria-labelledby="${this.#id}-g${g}">
                <div class="group" id="${this.#id}-g${g}" role="presentation">${group}</div>
                ${found.filter((choice) => choice.group === group).map(option)}
              </div>`,
          )}
          ${this.open && !found.length ? html`<div class="group" role="option" aria-selected="false" aria-disabled="true">Nothing by that name.</div>` : nothing}
        </div>
      </div>`;
  }

  protected override updated(): void {
    if (this.open) this.querySelector(".at")?.scrollIntoView({ block: "nearest" });
  }

  #panel(): HTMLElement {
    return this.querySelector<HTMLElement>(".panel")!;
  }

  #place(event: ToggleEvent): void {
    if (event.newState !== "open") return;
    this.query = "";
    this.open = true;
    this.at = Math.max(
      0,
      this.#found().findIndex((choice) => choice.id === this.value),
    );
    const box = this.querySelector("button")!.getBoundingClientRect();
    const panel = this.#panel();
    const width = Math.min(Math.max(box.width, 360), innerWidth - 24);
    panel.style.width = `${width}px`;
    panel.style.left = `${Math.max(12, Math.min(box.left, innerWidth - width - 12))}px`;
    panel.style.top = `${Math.max(12, Math.min(box.bottom + 4, innerHeight - 340))}px`;
  }

  #toggled(event: ToggleEvent): void {
    this.open = event.newState === "open";
    // Closed by Escape: the focus was inside and is nowhere now. Closed by a click elsewhere, it is there.
    const root = this.getRootNode() as Document | ShadowRoot;
    const at = root.activeElement;
    if (!this.open && (!at || at === document.body || this.#panel().contains(at))) this.querySelector("button")!.focus();
  }

  #key(event: KeyboardEvent): void {
    const found = this.#found();
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 6, PageUp: -6 };
    const step = steps[event.key];
    if (step !== undefined) {
      event.preventDefault();
      this.at = Math.max(0, Math.min(found.length - 1, this.at + step));
    } else if (event.key === "Enter") {
      event.preventDefault();
      const choice = found[this.at];
      if (choice) this.#choose(choice);
    }
  }

  #choose(choice: Choice): void {
    if (choice.disabled) return;
    this.#panel().hidePopover();
    this.querySelector("button")!.focus();
    this.dispatchEvent(new CustomEvent("pick", { detail: choice.id }));
  }
}
