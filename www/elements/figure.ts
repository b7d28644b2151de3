// A chart with everything a chart owes its reader: a title, a table behind it, and copies to take away.

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";
import { saveCsv, savePng, saveSvg } from "../export.js";
import { headOf, shown, type Column, type Table } from "../table.js";
import { styled } from "./styled.js";

export type Draw = (width: number) => TemplateResult;

export class FigureElement extends LitElement {
  static override properties = {
    heading: {},
    note: {},
    file: {},
    draw: { attribute: false },
    table: { attribute: false },
    controls: { attribute: false },
    deps: { attribute: false },
    height: { type: Number },
    label: {},
    empty: {},
    bare: { type: Boolean },
    asTable: { state: true },
    width: { state: true },
  };

  declare heading: string;
  declare note: string | TemplateResult;
  /** Name of the files saved, without an ending. */
  declare file: string;
  declare draw: Draw;
  declare table: Table;
  declare controls: TemplateResult | undefined;
  /** The chart is drawn again when one of these is another. */
  declare deps: unknown[];
  declare height: number;
  /** What a chart that is a picture says to those who do not see it; absent for charts with their own roles. */
  declare label: string | undefined;
  /** Shown in the chart's place when there is nothing to draw. */
  declare empty: string | undefined;
  /** An illustration: there is nothing to take away. */
  declare bare: boolean;
  declare asTable: boolean;
  declare width: number;

  #observer: ResizeObserver | undefined;

  constructor() {
    super();
    this.asTable = false;
    this.width = 0;
    this.deps = [];
    this.height = 240;
    this.note = "";
    this.bare = false;
  }

  protected override createRenderRoot(): this {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#observer = new ResizeObserver((entries) => {
      const width = Math.floor(entries[0]!.contentRect.width);
      if (width !== this.width) requestAnimationFrame(() => (this.width = width));
    });
    this.#observer.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer?.disconnect();
  }

  override render(): TemplateResult {
    return html`<figure class="figure">
      <figcaption>
        <h3>${this.heading}</h3>
        ${this.controls ?? nothing}
        ${
          this.empty || this.bare
            ? nothing
            : html`<span class="tools">
                <button class="quiet" aria-pressed=${this.asTable} @click=${() => (this.asTable = !this.asTable)}>
                  ${this.asTable ? "Chart" : "Table"}
                </button>
                <button class="quiet" aria-label="Save ${this.heading} as SVG" @click=${() => this.#save(saveSvg)}>
                  SVG
                </button>
                <button class="quiet" aria-label="Save ${this.heading} as PNG" @click=${() => this.#save(savePng)}>
                  PNG
                </button>
                <button
                  class="quiet"
                  aria-label="Save ${this.heading} as CSV"
                  @click=${() => saveCsv(this.table, this.file)}
                >
                  CSV
                </button>
              </span>`
        }
        ${this.note ? html`<p class="note">${this.note}</p>` : nothing}
      </figcaption>
      <div class="plate" ${styled({ "min-height": `${this.height}px` })}>
        ${this.empty ? html`<p class="empty">${this.empty}</p>` : nothing}
        <div
          class="drawing"
          role=${this.label ? "img" : nothing}
          aria-label=${this.label || nothing}
          ?hidden=${this.asTable || !!this.empty}
        >
          ${this.empty || this.width < 40 ? nothing : guard([this.width, ...this.deps], () => this.draw(this.width))}
        </div>
        ${this.asTable && !this.empty ? tableView(this.table, this.heading, this.height) : nothing}
      </div>
    </figure>`;
  }

  #save(how: (svg: SVGSVGElement, file: string) => unknown): void {
    const svg = this.querySelector<SVGSVGElement>(".drawing svg");
    if (svg) void how(svg, this.file);
  }
}

export function tableView(table: Table, caption: string, height?: number): TemplateResult {
  const cls = (column: Column) => (column.numeric ? "n" : "");
  return html`<div
    class="scroll"
    tabindex="0"
    role="region"
    aria-label="${caption}, table"
    ${styled({ "max-height": height ? `${height}px` : "" })}
  >
    <table>
      <thead>
        <tr>
          ${table.columns.map((column) => html`<th scope="col" class=${cls(column)}>${headOf(column)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${table.rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell, i) => html`<td class=${cls(table.columns[i]!)}>${shown(cell, table.columns[i]!)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
