// One parameter as a control, made from its description alone.

import { html, nothing, type TemplateResult } from "lit";
import { sentence } from "../format.js";
import { number, setting } from "../numbers.js";
import { defaultOf } from "../settings.js";
import type { EngineError, Param } from "../types.js";

export interface Field {
  id: string;
  param: Param;
  value: string | undefined;
  problem: EngineError | undefined;
  /** Why it cannot be changed, where it cannot. */
  locked?: string;
  set(value: string | undefined): void;
}

export function field(f: Field): TemplateResult {
  return html`<div class="field">
    <label for=${f.id} title=${f.param.what}>${f.param.label}</label>
    ${control(f)}
    <p class="note" id="${f.id}-note">${f.param.what}</p>
    ${f.locked ? html`<p class="locked" id="${f.id}-lock">${sentence(f.locked)}</p>` : nothing}
    ${f.problem ? html`<p class="problem" role="alert">${sentence(f.problem.message)} ${sentence(f.problem.hint)}</p>` : nothing}
  </div>`;
}

function control(f: Field): TemplateResult {
  const { kind } = f.param;
  const value = f.value ?? defaultOf(f.param);
  const text = (event: Event) => (event.target as HTMLInputElement).value;
  const described = f.locked ? `${f.id}-note ${f.id}-lock` : `${f.id}-note`;
  if (kind.type === "flag") {
    return html`<input
      type="checkbox"
      class="switch"
      role="switch"
      id=${f.id}
      aria-describedby=${described}
      ?disabled=${!!f.locked}
      .checked=${value === "true"}
      @change=${(event: Event) => f.set(String((event.target as HTMLInputElement).checked))}
    />`;
  }
  if (kind.type === "choice") {
    return html`<select id=${f.id} aria-describedby=${described}
      ?disabled=${!!f.locked} @change=${(event: Event) => f.set(text(event))}>
      ${kind.of.map((option) => html`<option value=${option} ?selected=${option === value}>${option.replace(/[-_]/g, " ")}</option>`)}
    </select>`;
  }
  const whole = isWhole(kind);
  const words = kind.type === "own" || kind.type === "words";
  return html`<span class="amount ${kind.type === "words" ? "words" : ""}"
    ><input
      type="text"
      inputmode=${words ? "text" : whole ? "numeric" : "decimal"}
      id=${f.id}
      autocomplete="off"
      aria-describedby=${described}
      ?disabled=${!!f.locked}
      aria-invalid=${f.problem ? "true" : "false"}
      .value=${value}
      @change=${(event: Event) => read(event, f)}
      @keydown=${(event: KeyboardEvent) => nudge(event, f)}
    />${"unit" in kind && kind.unit ? html`<span class="unit">${kind.unit}</span>` : nothing}</span
  >`;
}

const isWhole = (kind: Param["kind"]): boolean => kind.type === "int" || (kind.type === "own" && kind.whole);

/** The box shows how it was understood. */
function read(event: Event, f: Field): void {
  const box = event.target as HTMLInputElement;
  const { kind } = f.param;
  const value =
    kind.type === "words"
      ? box.value.trim() || undefined
      : setting(box.value, { whole: isWhole(kind), percent: "unit" in kind && kind.unit === "%" });
  box.value = value ?? defaultOf(f.param);
  f.set(value);
}

/** Up and down arrows, as number fields have them, within the parameter's range. */
function nudge(event: KeyboardEvent, f: Field): void {
  const { kind } = f.param;
  if ((event.key !== "ArrowUp" && event.key !== "ArrowDown") || (kind.type !== "int" && kind.type !== "float")) return;
  const now = number((event.target as HTMLInputElement).value, { whole: kind.type === "int" });
  if (now === undefined) return;
  event.preventDefault();
  const sign = event.key === "ArrowUp" ? 1 : -1;
  const next =
    kind.type === "int"
      ? now + sign
      : kind.log
        ? now * (sign > 0 ? 2 : 0.5)
        : now + (sign * (kind.max - kind.min)) / 50;
  f.set(String(+Math.max(kind.min, Math.min(kind.max, next)).toPrecision(6)));
}
