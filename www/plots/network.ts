// The network as a picture: a bar a layer, left to right, what is kept below and what is cut hatched above it.

import { html, nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import { share } from "../format.js";

export interface Bar {
  name: string;
  channels: number;
  /** Height of the whole bar, and the part of it that is kept, in the same unit. */
  value: number;
  kept: number;
  /** Fraction of the weights removed. */
  sparsity: number;
  prunable: boolean;
  says: string;
}

export interface NetworkPlot {
  bars: Bar[];
  links: [string, string][];
  selected: string | undefined;
  /** Square root, for values that span decades; else in proportion. */
  root: boolean;
  width: number;
  height: number;
  unit: string;
  pick(name: string): void;
}

const ARCS = 46;

export function networkPlot(plot: NetworkPlot): TemplateResult {
  const { bars, width, height } = plot;
  const slot = width / Math.max(1, bars.length);
  const groups = grouped(bars);
  const tilted = bars.some((bar) => ownName(bar.name).length * 7.2 > slot - 2);
  const names = tilted ? 12 + Math.min(64, 5.6 * Math.max(...bars.map((bar) => ownName(bar.name).length), 0)) : 40;
  const foot = names + (groups.length ? 24 : 0);
  const room = height - ARCS - foot;
  const scale = plot.root ? Math.sqrt : (value: number) => value;
  const most = Math.max(...bars.map((bar) => scale(bar.value)), 1e-9);
  const widest = Math.max(...bars.map((bar) => Math.sqrt(bar.channels)), 1);
  const base = height - foot;
  const places = new Map<string, Spot>();
  const drawn = bars.map((bar, i) => {
    const wide = Math.max(8, Math.min(slot - 6, 64) * (Math.sqrt(bar.channels) / widest));
    const tall = Math.max(3, (room * scale(bar.value)) / most);
    const x = slot * (i + 0.5);
    places.set(bar.name, { x, top: base - tall });
    const keep = bar.value > 0 ? Math.max(bar.kept > 0 ? 1 : 0, tall * Math.min(1, bar.kept / bar.value)) : tall;
    return oneBar(plot, bar, i, { x, wide, tall, keep, base, slot, tilted, height });
  });
  return html`<svg
    class="network"
    width=${width}
    height=${height}
    viewBox="0 0 ${width} ${height}"
    role="listbox"
    tabindex="0"
    aria-label="Layers, first to last"
    aria-orientation="horizontal"
    aria-activedescendant=${plot.selected ? layerId(plot.selected) : nothing}
    @keydown=${(event: KeyboardEvent) => step(event, plot)}
  >
    <defs>
      <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect width="6" height="6" fill="var(--cut-faint)"></rect>
        <line x1="1" y1="0" x2="1" y2="6" stroke="var(--cut)" stroke-width="1.6"></line>
      </pattern>
    </defs>
    <g class="arcs" aria-hidden="true">
      ${plot.links.map(([from, to]) => arc(places.get(from), places.get(to), [...places.values()]))}
    </g>
    <line x1="0" x2=${width} y1=${base + 0.5} y2=${base + 0.5} stroke="var(--rule)"></line>
    ${drawn}
    <g aria-hidden="true">${groups.map((group) => bracket(group, slot, base + names))}</g>
  </svg>`;
}

/** Layers of a block are called block.layer: the block is named once, under all of them. */
const ownName = (name: string): string => name.slice(name.lastIndexOf(".") + 1);

interface Group {
  name: string;
  from: number;
  to: number;
}

function grouped(bars: Bar[]): Group[] {
  const groups: Group[] = [];
  bars.forEach((bar, i) => {
    const name = bar.name.slice(0, Math.max(0, bar.name.lastIndexOf(".")));
    const last = groups.at(-1);
    if (name && last?.name === name && last.to === i - 1) last.to = i;
    else if (name) groups.push({ name, from: i, to: i });
  });
  return groups;
}

function bracket(group: Group, slot: number, y: number): SVGTemplateResult {
  const [left, right] = [group.from * slot + 4, (group.to + 1) * slot - 4];
  const fits = group.name.length * 6.6 < right - left;
  return svg`<line x1=${left} x2=${right} y1=${y + 4.5} y2=${y + 4.5} stroke="var(--grey)"></line>
    <text class="cut" x=${(left + right) / 2} y=${y + 19} text-anchor="middle">${fits ? group.name : group.name.replace(/^[a-z]+/i, "")}</text>`;
}

export const layerId = (name: string): string => `layer-${name.replace(/[^\w-]/g, "_")}`;

interface Box {
  x: number;
  wide: number;
  tall: number;
  keep: number;
  base: number;
  slot: number;
  tilted: boolean;
  height: number;
}

function oneBar(plot: NetworkPlot, bar: Bar, index: number, box: Box): SVGTemplateResult {
  const { x, wide, tall, keep, base, slot } = box;
  const chosen = bar.name === plot.selected;
  const left = x - wide / 2;
  const label = box.tilted
    ? svg`<text class="name" transform="translate(${x + 3} ${base + 12}) rotate(-52)" text-anchor="end">${ownName(bar.name)}</text>`
    : svg`<text class="name" x=${x} y=${base + 17} text-anchor="middle">${ownName(bar.name)}</text>
        <text class="cut" x=${x} y=${base + 33} text-anchor="middle">${bar.sparsity > 0.0005 ? share(round(bar.sparsity)) : ""}</text>`;
  return svg`<g role="option" id=${layerId(bar.name)} class="bar" aria-selected=${chosen} aria-label=${bar.says}
      aria-posinset=${index + 1} aria-setsize=${plot.bars.length} @click=${() => plot.pick(bar.name)}>
    <rect class="catch" x=${slot * index} y=${ARCS - 8} width=${slot} height=${box.height - ARCS + 8} fill="none" pointer-events="all"></rect>
    <rect class="gone" x=${left} y=${base - tall} width=${wide} height=${Math.max(0, tall - keep)} fill="url(#hatch)"></rect>
    <rect class="stays" x=${left} y=${base - keep} width=${wide} height=${keep} fill=${bar.prunable ? "var(--kept)" : "var(--grey)"}></rect>
    <rect class="edge" x=${left - 2.5} y=${base - tall - 2.5} width=${wide + 5} height=${tall + 5} rx="2" fill="none"
      stroke=${chosen ? "var(--ink)" : "transparent"} stroke-width="1.5"></rect>
    ${label}
  </g>`;
}

const round = (fraction: number): number => Math.round(fraction * 100) / 100;

interface Spot {
  x: number;
  top: number;
}

/** From the top of one bar to the top of another, over all that stand between. */
function arc(from: Spot | undefined, to: Spot | undefined, all: Spot[]): unknown {
  if (!from || !to) return nothing;
  const between = all.filter((spot) => spot.x >= Math.min(from.x, to.x) && spot.x <= Math.max(from.x, to.x));
  const lift = Math.max(
    2,
    Math.min(...between.map((spot) => spot.top)) - Math.min(40, 16 + Math.abs(to.x - from.x) / 6),
  );
  const [start, end] = [from.top - 7, to.top - 7];
  const lean = (to.x - from.x) * 0.18;
  const path = `M${from.x},${start} C${from.x + lean},${lift} ${to.x - lean},${lift} ${to.x},${end}`;
  return svg`<path d=${path} fill="none" stroke="var(--grey)" stroke-width="1.25"></path>
    <circle cx=${to.x} cy=${end} r="2" fill="var(--grey)"></circle>`;
}

function step(event: KeyboardEvent, plot: NetworkPlot): void {
  const at = plot.bars.findIndex((bar) => bar.name === plot.selected);
  const last = plot.bars.length - 1;
  const next: Record<string, number> = {
    ArrowRight: at + 1,
    ArrowDown: at + 1,
    ArrowLeft: at - 1,
    ArrowUp: at - 1,
    Home: 0,
    End: last,
  };
  const wanted = next[event.key];
  if (wanted === undefined) return;
  event.preventDefault();
  plot.pick(plot.bars[Math.max(0, Math.min(last, wanted))]!.name);
}
