// The line on top: name, places, the network being worked on, the link to share, the light.

import { html, nothing, type TemplateResult } from "lit";
import { percent } from "../format.js";
import { completed, fraction } from "../select.js";
import type { Theme } from "../state.js";
import type { Place } from "../url.js";
import type { Context } from "./context.js";

const TABS: { tab: Place["tab"]; name: string }[] = [
  { tab: "lab", name: "Lab" },
  { tab: "methods", name: "Methods" },
  { tab: "break-even", name: "Break-even" },
  { tab: "about", name: "About" },
];

const THEMES: Record<Theme, Theme> = { auto: "light", light: "dark", dark: "auto" };

export function header(ctx: Context): TemplateResult {
  const { state } = ctx;
  return html`<header class="top">
    <p class="brand">${mark()}<span>Secateur</span></p>
    ${ctx.page ? tabs(ctx) : nothing}
    <div class="right">
      ${state.place.tab === "lab" ? modelSelect(ctx) : underWay(ctx)}
      ${ctx.page ? html`<button class="plain" @click=${() => ctx.share()}>Share</button>` : nothing}
      ${
        ctx.page
          ? html`<button
              class="plain"
              aria-label="Light: ${state.theme}. Switch to ${THEMES[state.theme]}"
              @click=${() => ctx.send({ type: "theme", theme: THEMES[state.theme] })}
            >
              ${moon()}<span class="themename"
                >${state.theme === "auto" ? "Auto" : state.theme === "light" ? "Light" : "Dark"}</span
              >
            </button>`
          : nothing
      }
    </div>
  </header>`;
}

function tabs(ctx: Context): TemplateResult {
  return html`<nav aria-label="Places">
    ${TABS.map(
      ({ tab, name }) =>
        html`<a
          href=${ctx.link({ tab })}
          aria-current=${ctx.state.place.tab === tab ? "page" : nothing}
          @click=${(event: MouseEvent) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            ctx.go({ tab });
          }}
          >${name}</a
        >`,
    )}
  </nav>`;
}

/** On the other pages a job goes on unseen: this says so, and leads back to it. */
function underWay(ctx: Context): TemplateResult | typeof nothing {
  const { work, place } = ctx.state;
  const tab = work?.job === "run" ? "lab" : work?.job === "survey" ? "break-even" : undefined;
  if (!work || !tab || tab === place.tab) return nothing;
  return html`<button class="quiet running" @click=${() => ctx.go({ tab })}>
    ${tab === "lab" ? "A run is under way" : "Break-even is being measured"}, ${percent(fraction(work), 0)}
  </button>`;
}

function modelSelect(ctx: Context): TemplateResult {
  const { state } = ctx;
  const { catalog, work } = state;
  const value = completed(state).model ?? "";
  const known = catalog?.models.some((model) => model.id === value) ?? false;
  const dataName = (id: string) => catalog?.datasets.find((data) => data.id === id)?.name ?? id;
  const running = work?.job === "run";
  const opened = state.opened?.model === value ? state.opened : undefined;
  return html`${openButton(ctx, running)}<label class="model">
    <span class="visually-hidden">Network and images</span>
    <select
      .value=${opened ? "" : value}
      ?disabled=${running || !catalog}
      title=${running ? "The network can be changed when the run is over." : ""}
      @change=${(event: Event) => ctx.set("model", (event.target as HTMLSelectElement).value)}
    >
      ${catalog ? nothing : html`<option>Loading</option>`}
      ${opened ? html`<option value="" selected>${opened.name}</option>` : nothing}
      ${known || !catalog ? nothing : html`<option value=${value} selected>${value} (unknown)</option>`}
      ${catalog?.models.map(
        (model) =>
          html`<option value=${model.id} ?selected=${!opened && model.id === value}>
            ${model.name} · ${dataName(model.data)}
          </option>`,
      )}
    </select>
  </label>`;
}

/** The browser's own button for files says what it likes, in its own language: ours stands in front of it. */
function openButton(ctx: Context, running: boolean): TemplateResult {
  const choose = (event: Event): void => (event.currentTarget as HTMLElement).parentElement!.querySelector("input")!.click();
  const chosen = (event: Event): void => {
    const input = event.currentTarget as HTMLInputElement;
    const file = input.files?.[0];
    // The same file may be chosen again after it has changed.
    input.value = "";
    if (file) ctx.openFile(file);
  };
  return html`<span class="open">
    <input type="file" accept=".safetensors" hidden aria-hidden="true" tabindex="-1" @change=${chosen} />
    <button
      class="plain"
      ?disabled=${running || !ctx.state.catalog}
      title="Open a network that was saved here, or weights of one of these networks"
      @click=${choose}
    >
      <span>Open<span class="openwhat"> a saved file</span></span>
    </button>
  </span>`;
}

const mark = (): TemplateResult =>
  html`<svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">
    <path d="M4 18 L17 4" stroke="currentColor" stroke-width="1.6" fill="none" />
    <path d="M18 18 L5 4" stroke="currentColor" stroke-width="1.6" fill="none" />
    <path d="M17 4 C19 9 16 11 11.4 10.2" fill="var(--kept)" stroke="none" />
    <circle cx="4.2" cy="18" r="2.2" fill="none" stroke="currentColor" stroke-width="1.6" />
    <circle cx="17.8" cy="18" r="2.2" fill="none" stroke="currentColor" stroke-width="1.6" />
  </svg>`;

const moon = (): TemplateResult =>
  html`<svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
    <circle cx="7" cy="7" r="5.6" fill="none" stroke="currentColor" stroke-width="1.4" />
    <path d="M7 1.4 A5.6 5.6 0 0 1 7 12.6 Z" fill="currentColor" />
  </svg>`;
