// The middle column: the network as a picture.

import { html, type TemplateResult } from "lit";
import { count, micros, percent, shape } from "../format.js";
import { networkPlot, type Bar } from "../plots/network.js";
import { baseline, edited, keptByLayer, shownRecord } from "../select.js";
import { figure, text, type Table } from "../table.js";
import type { LayerInfo, LayerRow } from "../types.js";
import type { Context } from "./context.js";

const HEIGHT = 310;

export function networkView(ctx: Context): TemplateResult {
  const { state } = ctx;
  const { model } = state;
  const { kept, of } = keptByLayer(state);
  const record = shownRecord(state) ?? baseline(state);
  const timed = new Map(record?.layers.map((row) => [row.name, row]));
  const byTime = state.height === "time" && timed.size > 0;
  const bars = (model?.layers ?? []).map((layer) => bar(layer, kept.get(layer.name), timed.get(layer.name), byTime));
  const notes: Record<typeof of, string> = {
    work: "The masks of the run under way.",
    preview:
      edited(state) && state.shown
        ? "Preview of the changed recipe; Prune makes it real."
        : "Preview: what this sparsity would cut.",
    run: "As the run left it.",
    dense: "Nothing cut yet.",
  };
  const note = byTime
    ? "Time of each layer here, in proportion: hatched is the dense time, green what the cut layer takes."
    : notes[of];
  return html`<section class="network" aria-label="Network">
    <secateur-figure
      .heading=${"The network"}
      .note=${html`<span class="keys"><i class="key kept"></i>kept <i class="key cut"></i>cut</span> ${note}`}
      .file=${`${model?.id ?? "network"}-layers`}
      .height=${HEIGHT}
      .controls=${heightToggle(ctx, timed.size > 0)}
      .table=${table(model?.layers ?? [], bars, timed)}
      .deps=${[model, kept, of, state.height, timed.size, record, state.layer]}
      .draw=${(width: number) =>
        networkPlot({
          bars,
          links: model?.links ?? [],
          selected: state.layer,
          root: !byTime,
          width,
          height: HEIGHT,
          unit: byTime ? "µs" : "parameters",
          pick: (name) => ctx.send({ type: "look", name }),
        })}
    ></secateur-figure>
  </section>`;
}

function bar(
  layer: LayerInfo,
  kept: { kept: number; total: number } | undefined,
  row: LayerRow | undefined,
  byTime: boolean,
): Bar {
  const left = kept?.kept ?? layer.parameters;
  const total = kept?.total ?? layer.parameters;
  const sparsity = total ? 1 - left / total : 0;
  const time = row ? `, ${micros(row.pruned_us)} here, dense ${micros(row.dense_us)}` : "";
  return {
    name: layer.name,
    channels: layer.out[0] ?? 1,
    value: byTime ? (row?.dense_us ?? 0) : total,
    kept: byTime ? (row?.pruned_us ?? 0) : left,
    sparsity,
    prunable: layer.prunable,
    says: `${layer.name}: ${count(left)} of ${count(total)} weights kept, ${percent(sparsity)} cut${time}`,
  };
}

function heightToggle(ctx: Context, timed: boolean): TemplateResult {
  const { state } = ctx;
  const option = (by: "parameters" | "time", name: string) =>
    html`<button
      aria-pressed=${state.height === by}
      ?disabled=${by === "time" && !timed}
      title=${by === "time" && !timed ? "The network has not been timed yet." : by === "parameters" ? "Bar height: square root of the number of weights" : "Bar height: time"}
      @click=${() => ctx.send({ type: "height", by })}
    >
      ${name}
    </button>`;
  return html`<span class="toggle" role="group" aria-label="Height of the bars"
    >${option("parameters", "Weights")}${option("time", "Time")}</span
  >`;
}

function table(layers: LayerInfo[], bars: Bar[], timed: Map<string, LayerRow>): Table {
  return {
    columns: [
      text("Layer"),
      text("Kind"),
      text("Shape"),
      figure("Weights", 0),
      figure("Cut", 1, "%"),
      figure("Dense", 1, "µs"),
      figure("Now", 1, "µs"),
      text("Kernel"),
    ],
    rows: layers.map((layer, i) => {
      const row = timed.get(layer.name);
      return [
        layer.name,
        layer.kind,
        shape(layer.shape),
        layer.parameters,
        100 * bars[i]!.sparsity,
        row ? row.dense_us : null,
        row ? row.pruned_us : null,
        row?.kernel ?? "",
      ];
    }),
  };
}
