// Runs side by side: the chart of accuracy against what was bought, and the table.

import { html, nothing, type TemplateResult } from "lit";
import { saveCsv, saveJson } from "../export.js";
import { clock, percent, ratio, share } from "../format.js";
import { grouped, meansOf, type MeanSeries } from "../means.js";
import { meansPlot } from "../plots/means.js";
import { paretoPlot, type ParetoPoint } from "../plots/pareto.js";
import {
  baseline,
  costOf,
  frontier,
  isBaseline,
  methodName,
  methodOfRecord,
  occupied,
  ofOpenWeights,
  requested,
  sparsityOf,
} from "../select.js";
import type { Cost, Run, State } from "../state.js";
import { figure, hundredths, text, type Table } from "../table.js";
import type { Context } from "./context.js";
import { sweepStrip } from "./sweep.js";

const COSTS: Record<Cost, { name: string; axis: string }> = {
  speed: { name: "Speed", axis: "Times faster than dense, measured here" },
  size: { name: "Size", axis: "Times smaller than dense, as stored" },
  arithmetic: { name: "Multiply-adds", axis: "Times fewer multiply-adds than dense" },
  sparsity: { name: "Sparsity", axis: "Share of the weights removed" },
};
const HEIGHT = 340;

export function compareView(ctx: Context): TemplateResult {
  const { state } = ctx;
  const mine = state.runs.filter((run) => ofOpenWeights(state, run.record));
  return html`${sweepStrip(ctx)}
    <div class="compare">
      ${mine.length ? chart(ctx, mine) : empty(ctx)}
      <div class="runs">
        ${runsHead(ctx, mine)} ${undo(ctx)} ${mine.length ? runsTable(ctx, mine) : nothing}
        ${others(state).map((text) => html`<p class="note">${text}</p>`)}
      </div>
    </div>`;
}

const them = (n: number): string => (n === 1 ? "it" : "them");

/** What is kept but not set beside the open weights' runs. */
function others(state: State): string[] {
  const kept = state.runs.filter(({ record }) => !ofOpenWeights(state, record));
  const weights = kept.filter(({ record }) => record.model === state.model?.id).length;
  const networks = kept.length - weights;
  const are = (n: number, of: string): string => (n === 1 ? `One run of ${of} is` : `${n} runs of ${of} are`);
  return [
    weights && `${are(weights, "other weights of this network")} kept too; choose the network, or open the file, to see ${them(weights)}.`,
    networks && `${are(networks, networks === 1 ? "another network" : "other networks")} kept too; choose the network above to see ${them(networks)}.`,
  ].filter((text) => text !== 0);
}

function empty(ctx: Context): TemplateResult {
  const names = (ctx.state.catalog?.methods ?? []).filter(isBaseline).map((method) => method.name);
  return html`<div class="teach">
    <h3>Nothing to compare yet</h3>
    <p>
      Every run appears here as a point: accuracy on the test set upward, what the cut bought to the right. The best
      runs form the line to the upper right; a run below it lost to another.
    </p>
    <p>
      A single run says little.
      ${names.length ? html`Run ${join(names)} with the same sparsity first: a method that does not beat these is not worth its trouble.` : nothing}
      Sweep makes such a set in one go, over several seeds.
    </p>
  </div>`;
}

const join = (names: string[]): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;

function chart(ctx: Context, runs: Run[]): TemplateResult {
  const { state } = ctx;
  const dense = baseline(state) ?? runs[0]!.record;
  const fraction = state.cost === "sparsity";
  const points: ParetoPoint[] = runs.flatMap((run) => {
    const { after: accuracy, low, high } = run.record.accuracy;
    if (accuracy === null || low === null || high === null) return [];
    const name = `${methodName(state.catalog, run.record)} ${share(requested(run.record))}`;
    const kind = isBaseline(methodOfRecord(state.catalog, run.record)) ? "reference" : "run";
    const x = costOf(run.record, state.cost);
    return [{ run, record: run.record, x, accuracy, low, high, name, label: name, kind, shown: run.id === state.shown }];
  });
  const { before, before_low: low, before_high: high } = dense.accuracy;
  const seen = points.map((p) => ({ run: p.run!, series: methodName(state.catalog, p.record), at: requested(p.record), x: p.x, y: p.accuracy }));
  const series = meansOf(seen);
  if (state.means ?? (grouped(series) && runs.some((run) => run.sweep))) {
    return html`<secateur-figure
      class="means"
      .heading=${"Accuracy against"}
      .note=${"A line for each method; a point is the mean over its seeds, bars one standard deviation each way."}
      .file=${`secateur-${dense.model}-${state.cost}-means`}
      .height=${HEIGHT}
      .label=${`Mean accuracy against ${COSTS[state.cost].axis.toLowerCase()}, a line for each of ${series.length} methods`}
      .controls=${html`${costToggle(ctx)} ${meansToggle(ctx, true)}`}
      .empty=${series.length ? undefined : "No test images, so no accuracy: there is nothing to draw. The table has the rest."}
      .deps=${[state.runs, state.cost, state.means, dense]}
      .table=${meansTable(series)}
      .draw=${(width: number) =>
        meansPlot({
          series,
          dense: before === null ? undefined : { x: fraction ? 0 : 1, y: before },
          width,
          height: HEIGHT,
          cost: COSTS[state.cost].axis,
          fraction,
        })}
    ></secateur-figure>`;
  }
  if (before !== null && low !== null && high !== null)
    points.push({
      run: undefined,
      record: dense,
      x: fraction ? 0 : 1,
      accuracy: before,
      low,
      high,
      name: "Dense",
      label: "Dense",
      kind: "dense",
      shown: false,
    });
  return html`<secateur-figure
    class="pareto"
    .heading=${"Accuracy against"}
    .note=${html`<span class="keys"><i class="sym square"></i>dense <i class="sym diamond"></i>baseline <i class="sym dot"></i>method <i class="sym dash"></i>best so far</span> Bars: 95% interval of the accuracy.`}
    .file=${`secateur-${dense.model}-${state.cost}`}
    .height=${HEIGHT}
    .label=${`Accuracy against ${COSTS[state.cost].axis.toLowerCase()}, ${runs.length} runs`}
    .controls=${html`${costToggle(ctx)} ${grouped(series) ? meansToggle(ctx, false) : nothing}`}
    .empty=${points.length ? undefined : "No test images, so no accuracy: there is nothing to draw. The table has the rest."}
    .deps=${[state.runs, state.cost, state.shown, dense]}
    .table=${runTable(ctx, runs)}
    .draw=${(width: number) =>
      paretoPlot({
        points,
        best: frontier(points),
        width,
        height: HEIGHT,
        cost: COSTS[state.cost].axis,
        fraction,
        pick: (point) => point.run && ctx.send({ type: "show", id: point.run.id }),
      })}
  ></secateur-figure>`;
}

function meansToggle(ctx: Context, means: boolean): TemplateResult {
  const option = (on: boolean, name: string) =>
    html`<button aria-pressed=${means === on} @click=${() => ctx.send({ type: "means", on })}>${name}</button>`;
  return html`<span class="toggle" role="group" aria-label="What a point is">${option(false, "Runs")}${option(true, "Means")}</span>`;
}

const meansTable = (series: MeanSeries[]): Table => ({
  columns: [
    text("Method"),
    figure("Sparsity asked", 2, "%"),
    figure("Runs"),
    figure("Accuracy", 2, "%"),
    figure("Its standard deviation", 2, "points"),
    figure("On the axis", 3),
    figure("Its standard deviation", 3),
  ],
  rows: series.flatMap(({ name, points }) =>
    points.map(({ at, n, x, y, dx, dy }) => [name, 100 * at, n, 100 * y, n > 1 ? 100 * dy : null, x, n > 1 ? dx : null]),
  ),
});

function costToggle(ctx: Context): TemplateResult {
  return html`<span class="toggle" role="group" aria-label="Compare accuracy with">
    ${(Object.keys(COSTS) as Cost[]).map(
      (cost) =>
        html`<button aria-pressed=${ctx.state.cost === cost} @click=${() => ctx.send({ type: "cost", cost })}>
          ${COSTS[cost].name}
        </button>`,
    )}
  </span>`;
}

function runsHead(ctx: Context, runs: Run[]): TemplateResult {
  const { state } = ctx;
  const busy = occupied(state) !== undefined;
  return html`<div class="head">
    <h3>Runs <span class="faint">${runs.length || ""}</span></h3>
    <span class="tools">
      ${
        runs.length
          ? html`<button class="quiet" @click=${() => saveCsv(runTable(ctx, runs), "secateur-runs")}>
                Save CSV
              </button>
              <button
                class="quiet"
                @click=${() =>
                  saveJson(
                    runs.map((run) => run.record),
                    "secateur-runs",
                  )}
              >
                Save JSON
              </button>`
          : nothing
      }
      <button class="second" ?disabled=${busy || !state.model} @click=${() => ctx.openSweep()}>Sweep…</button>
    </span>
  </div>`;
}

function undo(ctx: Context): TemplateResult | typeof nothing {
  const { removed, catalog } = ctx.state;
  if (!removed) return nothing;
  const name = `${methodName(catalog, removed.record)} at ${share(requested(removed.record))}`;
  return html`<p class="label" role="status">
    ${name} was removed. <button class="quiet" @click=${() => ctx.unforget()}>Undo</button>
  </p>`;
}

function runsTable(ctx: Context, runs: Run[]): TemplateResult {
  const { state } = ctx;
  return html`<div class="scroll tall" tabindex="0" role="region" aria-label="Runs, newest first">
    <table class="list">
      <thead>
        <tr>
          <th scope="col">Method</th>
          <th scope="col" class="n">Cut</th>
          <th scope="col" class="n">Seed</th>
          <th scope="col" class="n">Accuracy</th>
          <th scope="col" class="n">Speed</th>
          <th scope="col" class="n">Smaller</th>
          <th scope="col"><span class="visually-hidden">What to do with it</span></th>
        </tr>
      </thead>
      <tbody>
        ${runs.map((run) => {
          const r = run.record;
          const name = methodName(state.catalog, r);
          const shown = run.id === state.shown;
          return html`<tr class=${shown ? "shown" : ""}>
            <td>
              <button class="link" aria-pressed=${shown} @click=${() => ctx.send({ type: "show", id: run.id })}>
                ${name}
              </button>
              <span class="faint">${clock(run.at)}</span>
            </td>
            <td class="n">${share(requested(r))}</td>
            <td class="n">${r.seed}</td>
            <td class="n">${percent(r.accuracy.after)}</td>
            <td class="n">${ratio(r.speed.ratio)}</td>
            <td class="n">${ratio(costOf(r, "size"))}</td>
            <td class="n acts">
              <button
                class="quiet"
                aria-label="Restore the settings of ${name}, ${clock(run.at)}"
                @click=${() => ctx.restore(run)}
              >
                Restore
              </button>
              <button class="quiet" aria-label="Remove ${name}, ${clock(run.at)}" @click=${() => ctx.forget(run)}>
                Remove
              </button>
            </td>
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}

export function runTable(ctx: Context, runs: Run[]): Table {
  return {
    columns: [
      text("Method"),
      figure("Sparsity asked", 2, "%"),
      figure("Sparsity", 2, "%"),
      figure("Seed"),
      figure("Training steps"),
      figure("Batch size"),
      figure("Learning rate"),
      figure("Training images", 0),
      figure("Accuracy", 2, "%"),
      figure("Accuracy low", 2, "%"),
      figure("Accuracy high", 2, "%"),
      figure("Dense", 4, "ms"),
      figure("Now", 4, "ms"),
      figure("Ratio", 3),
      figure("Ratio low", 3),
      figure("Ratio high", 3),
      figure("Dense", 0, "bytes"),
      figure("Stored", 0, "bytes"),
      figure("MACs dense", 0),
      figure("MACs", 0),
      figure("Bits per character", 4),
    ],
    rows: runs.map(({ record: r }) => [
      methodName(ctx.state.catalog, r),
      100 * requested(r),
      100 * sparsityOf(r),
      r.seed,
      r.training?.steps ?? null,
      r.training?.batch ?? null,
      r.training?.lr ?? null,
      r.training?.images ?? null,
      hundredths(r.accuracy.after),
      hundredths(r.accuracy.low),
      hundredths(r.accuracy.high),
      r.speed.dense_ms,
      r.speed.pruned_ms,
      r.speed.ratio,
      r.speed.low,
      r.speed.high,
      r.size.bytes_dense,
      r.size.bytes_stored,
      r.macs.dense,
      r.macs.pruned,
      r.text?.bits_after ?? null,
    ]),
  };
}
