// How the figures are made, what they do not say, and whose work is used.

import { html, nothing, type TemplateResult } from "lit";
import { count, percent } from "../format.js";
import type { Card } from "../types.js";
import type { Context } from "./context.js";
import { deviceView } from "./device.js";

export function aboutView(ctx: Context): TemplateResult {
  const { catalog, cards } = ctx.state;
  for (const { id } of catalog?.models ?? []) ctx.card(id, `models/${id}.json`);
  for (const { id } of catalog?.datasets ?? []) ctx.card(id, `data/${id}/card.json`);
  return html`<main class="page narrow">
    <h1>About</h1>
    <p class="lead">
      Secateur removes weights from trained networks and measures what that costs and what it buys, on the device you
      are looking at. Everything happens in this page; nothing is sent anywhere.
    </p>

    <h2>How the figures are made</h2>
    <dl class="prose">
      <div>
        <dt>Accuracy</dt>
        <dd>
          On test images or text used for nothing else: not for training, not for scores, not for choosing a setting. With it
          comes the Wilson interval at 95%. A change inside the interval may be chance, and the verdict says so.
        </dd>
      </div>
      <div>
        <dt>Speed</dt>
        <dd>
          Wall-clock time of one forward pass, here. The step of the browser's timer is measured first and each sample
          is made long against it; after a warm-up the dense and the cut network take turns. What is shown is the ratio
          of the means over the middle half of the samples, with its bootstrap interval at 95%, widened by what the timer
          cannot tell.
        </dd>
      </div>
      <div>
        <dt>The dense side</dt>
        <dd>
          A speedup over a slow program is worth nothing. Every layer of the dense network runs the fastest dense kernel
          found for it on this device, and a cut layer goes to a sparse kernel only where that was measured to be
          faster.
        </dd>
      </div>
      <div>
        <dt>Size</dt>
        <dd>
          Bytes as stored: values, and the indices or masks that say where they belong. Multiply-adds are counted apart,
          since they predict time badly.
        </dd>
      </div>
      <div>
        <dt>Baselines</dt>
        <dd>
          Cutting at random and cutting the smallest weights of the whole network are always at hand. A method that does
          not beat them has shown nothing.
        </dd>
      </div>
      <div>
        <dt>Chance</dt>
        <dd>
          Every random choice follows from the seed; the same recipe and seed give the same weights on every machine.
          Times differ from machine to machine, and they should.
        </dd>
      </div>
    </dl>

    <h2>Limits</h2>
    <ul>
      <li>
        The networks and images are small, so that training fits a browser tab. Findings on them need not carry over to
        large ones.
      </li>
      <li>The page uses a subset of the training images; the trained networks it opens saw all of them.</li>
      <li>A busy machine widens the intervals; a hidden tab makes times worthless.</li>
      <li>A method's published rule sometimes leaves room; where it does, its page says how it was read.</li>
    </ul>

    ${deviceView(ctx)}

    <h2>Networks</h2>
    ${catalog?.models.map((model) => entry(model.name, html`<p>${model.what}</p>`, cards[model.id]))}

    <h2>Images and text</h2>
    ${catalog?.datasets.map((data) =>
      entry(
        data.name,
        html`<p>${data.what}</p>
          <p class="note">${data.license}. ${data.attribution}. ${link(data.source)}</p>`,
        cards[data.id],
      ),
    )}

    <h2>Licence</h2>
    <p>
      Secateur ${catalog?.version ?? ""} is free software under the MIT licence or the Apache licence 2.0, as you
      choose. Images and text keep the licences named above.
    </p>
  </main>`;
}

const link = (text: string): unknown =>
  /^https?:/.test(text) ? html`<a href=${text} rel="noreferrer">${text.replace(/^https?:\/\//, "")}</a>` : text;

function entry(name: string, about: TemplateResult, card: Card | undefined): TemplateResult {
  const facts = card ? flat(card).filter(([key]) => !/(^| )(id|name|what)$/.test(key)) : [];
  return html`<section class="entry">
    <h3>${name}</h3>
    ${about}
    ${
      facts.length
        ? html`<details>
            <summary>Card</summary>
            <dl class="card">
              ${facts.map(
                ([key, value]) =>
                  html`<div>
                    <dt>${key.replace(/^card /, "").replace(/_/g, " ")}</dt>
                    <dd>${show(key, value)}</dd>
                  </div>`,
              )}
            </dl>
          </details>`
        : nothing
    }
  </section>`;
}

/** A card's facts, one level deep: { test: { accuracy } } is told as "test accuracy". */
function flat(card: object, before = ""): [string, string | number][] {
  return Object.entries(card).flatMap(([key, value]): [string, string | number][] => {
    if (typeof value === "string" || typeof value === "number") return [[before + key, value]];
    return value && typeof value === "object" && !before ? flat(value as object, `${key} `) : [];
  });
}

function show(key: string, value: string | number): string {
  if (typeof value === "string") return value;
  if (/accuracy|low|high/.test(key) && value > 0 && value <= 1) return percent(value, 2);
  return Number.isInteger(value) && !/seed|year/.test(key) ? count(value) : String(+value.toPrecision(6));
}
