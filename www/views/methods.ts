// The taxonomy: methods by family, and a page for each.

import { html, nothing, type TemplateResult } from "lit";
import { plural } from "../format.js";
import { found, termsOf } from "../search.js";
import { isBaseline, methodOf, partName } from "../select.js";
import type { Catalog, Method, Source } from "../types.js";
import type { Context } from "./context.js";

export function methodsView(ctx: Context): TemplateResult {
  const { catalog, place } = ctx.state;
  if (!catalog)
    return html`<main class="page">
      <h1>Methods</h1>
      <p class="empty">Loading.</p>
    </main>`;
  if (!place.page) return map(ctx, catalog);
  const method = methodOf(catalog, place.page);
  return method ? methodPage(ctx, method) : missing(ctx, place.page);
}

const go = (ctx: Context, page?: string) => (event: MouseEvent) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  ctx.go(page ? { tab: "methods", page } : { tab: "methods" });
};

function map(ctx: Context, catalog: Catalog): TemplateResult {
  const query = ctx.state.query.trim();
  const methods = catalog.methods.filter((method) => found(termsOf(method, catalog), query));
  const families = [...new Set(methods.map((method) => method.family))];
  return html`<main class="page">
    <h1>Methods</h1>
    <p class="lead">
      A pruning method is a choice on each of ${catalog.axes.length} axes. What is published under a name is one row of
      this map; any other combination can be put together in the lab.
    </p>
    <p class="find">
      <label for="find">Find a method</label>
      <input
        type="search"
        id="find"
        placeholder="Name, paper, initials, pattern"
        .value=${ctx.state.query}
        @input=${(event: Event) => ctx.send({ type: "find", query: (event.target as HTMLInputElement).value })}
      />
      <span class="note" role="status">${query ? plural(methods.length, "method") : ""}</span>
    </p>
    <div class="families">
      ${families.map(
        (family) =>
          html`<section>
            <h2>${family}</h2>
            <ul>
              ${methods
                .filter((method) => method.family === family)
                .map(
                  (method) =>
                    html`<li>
                      <a href=${ctx.link({ tab: "methods", page: method.id })} @click=${go(ctx, method.id)}
                        >${method.name}</a
                      >
                      ${isBaseline(method) ? html`<span class="tag">baseline</span>` : nothing}
                      <p class="note">${method.what}</p>
                    </li>`,
                )}
            </ul>
          </section>`,
      )}
    </div>
    <h2 class="gap">The axes</h2>
    <div class="axes-list">
      ${catalog.axes.map(
        (axis) =>
          html`<section>
            <h3>${axis.name} <span class="faint">${axis.question}</span></h3>
            <dl class="parts">
              ${axis.parts.map(
                (part) =>
                  html`<div>
                    <dt>${part.name}</dt>
                    <dd>${part.what}${part.formula ? html` <span class="formula">${part.formula}</span>` : nothing}</dd>
                  </div>`,
              )}
            </dl>
          </section>`,
      )}
    </div>
  </main>`;
}

function methodPage(ctx: Context, method: Method): TemplateResult {
  const { catalog } = ctx.state;
  const sources = (list: Source[]) =>
    html`<ul class="sources">
      ${list.map((source) => html`<li>${source.url ? html`<a href=${source.url} rel="noreferrer">${source.cite}</a>` : source.cite}</li>`)}
    </ul>`;
  const rest = Object.entries(method.settings).filter(([key]) => key.includes("."));
  return html`<main class="page narrow">
    <p class="crumb"><a href=${ctx.link({ tab: "methods" })} @click=${go(ctx)}>Methods</a> · ${method.family}</p>
    <h1>${method.name}</h1>
    <p class="lead">${method.what}</p>
    ${method.formula ? html`<p class="formula block">${method.formula}</p>` : nothing}
    <p><button class="main" @click=${() => run(ctx, method)}>Run it</button></p>
    <h2>Coordinates</h2>
    <table class="plain">
      <tbody>
        ${catalog!.axes.map((axis) => {
          const id = method.settings[axis.id] ?? axis.default;
          const part = axis.parts.find((each) => each.id === id);
          return html`<tr>
            <th scope="row">${axis.name}</th>
            <td><b>${partName(catalog, axis.id, id)}</b></td>
            <td>${part?.what ?? ""}${part?.formula ? html` <span class="formula">${part.formula}</span>` : nothing}</td>
          </tr>`;
        })}
        ${rest.map(
          ([key, value]) =>
            html`<tr>
              <th scope="row" class="mono">${key}</th>
              <td><b>${value}</b></td>
              <td></td>
            </tr>`,
        )}
      </tbody>
    </table>
    ${
      method.reading
        ? html`<h2>Our reading</h2>
            <p>${method.reading}</p>`
        : nothing
    }
    <h2>Sources</h2>
    ${method.sources.length ? sources(method.sources) : html`<p>None: it is a plain baseline.</p>`}
  </main>`;
}

function run(ctx: Context, method: Method): void {
  ctx.setMethod(method.id);
  ctx.go({ tab: "lab" });
  ctx.run();
}

function missing(ctx: Context, page: string): TemplateResult {
  return html`<main class="page narrow">
    <h1>No such method</h1>
    <p>
      There is no method "${page}" in this version.
      <a href=${ctx.link({ tab: "methods" })} @click=${go(ctx)}>All methods</a>
    </p>
  </main>`;
}
