// Where the focus goes when an update takes away what had it, as a button that dismisses itself.

import type { LitElement, ReactiveController } from "lit";

export class FocusKeeper implements ReactiveController {
  #at: Element | null | undefined;
  /** The part of the page around it. */
  #within: Element | null | undefined;

  constructor(private readonly host: LitElement) {
    host.addController(this);
  }

  hostUpdate(): void {
    this.#at = this.host.shadowRoot?.activeElement;
    this.#within = this.#at?.closest("section, main");
  }

  hostUpdated(): void {
    const root = this.host.shadowRoot;
    if (!root || !this.#at || this.#at.isConnected || root.activeElement) return;
    const home = this.#within?.isConnected ? this.#within : root.querySelector("main");
    const next = home?.querySelector<HTMLElement>("button:not(:disabled), a[href], input:not(:disabled), select");
    next?.focus({ preventScroll: true });
  }
}
