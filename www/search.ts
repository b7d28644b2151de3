// Finding a method by whatever people call it: name, id, family, its choices, its papers, and the initials of all of those.

import type { Axis, Catalog, Method } from "./types.js";

const initials = (text: string): string => (text.match(/[A-Za-z]+/g) ?? []).map((word) => word[0]).join("");

const partOf = (axes: Axis[], axis: string, id: string) =>
  axes.find((each) => each.id === axis)?.parts.find((part) => part.id === id);

/** All that a method may be looked for by, in small letters. */
export function termsOf(method: Method, catalog: Catalog): string {
  const parts = Object.entries(method.settings).flatMap(([axis, id]) => [id, partOf(catalog.axes, axis, id)?.name ?? ""]);
  const names = [method.name, method.family, method.what, ...method.sources.map((source) => source.cite)];
  return [method.id, ...(method.aliases ?? []), method.formula, ...names, ...names.map(initials), ...parts].join(" ").toLowerCase();
}

/** Whether every word asked for is among the terms. */
export const found = (terms: string, query: string): boolean =>
  query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => terms.includes(word));
