// What a host page or an address says, as settings: the catalog's keys, and what looks like one of them misspelt.

import type { Catalog, Param, Settings } from "./types.js";

/** Every settings key of a catalog, as URL, attributes and properties spell it. */
export function keysOf(catalog: Catalog): string[] {
  const axes = catalog.axes.flatMap((axis) => [
    axis.id,
    ...axis.parts.flatMap((part) => part.params.map((param) => `${axis.id}.${param.key}`)),
  ]);
  return [...new Set(["model", "data", "method", "target", ...[...catalog.globals, ...catalog.training, ...catalog.running].map((param) => param.key), ...axes])];
}

/** Defaults come as 32-bit floats: their tail of digits is no part of the value. */
export const defaultOf = (param: Param): string =>
  param.kind.type === "own"
    ? "own"
    : typeof param.kind.default === "number"
      ? String(+param.kind.default.toPrecision(6))
      : String(param.kind.default);

/** A value as a setting; undefined where there is none, which means the default. */
export const settingOf = (value: unknown): string | undefined =>
  value === undefined || value === null || String(value).trim() === "" ? undefined : String(value);

/** An object's entries as settings, without those that ask for the default. */
export function given(values: Record<string, unknown>): Settings {
  const pairs = Object.entries(values).map(([key, value]) => [key, settingOf(value)] as const);
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => pair[1] !== undefined));
}

/**
 * Of the names on an element or in an address, those that are settings. Frameworks, translators and mailings put names of
 * their own there, which are left alone; one that is nearly a key is kept, so that the engine can say what is wrong with it.
 */
export function settingsAmong(pairs: Iterable<[string, string]>, catalog: Catalog): Settings {
  const keys = keysOf(catalog);
  return given(Object.fromEntries([...pairs].filter(([name]) => keys.includes(name) || misspelt(name, keys))));
}

export const attributesOf = (element: Element): [string, string][] =>
  [...element.attributes].map(({ name, value }) => [name, value]);

function misspelt(name: string, keys: string[]): boolean {
  const axis = name.split(".")[0]!;
  if (axis !== name && /^[a-z]+\.\w+$/.test(name)) return keys.some((key) => key === axis || near(axis, key));
  return keys.some((key) => near(name, key));
}

/** Short words are near many others ("mode", "date"): a short key is missed only by a letter too many or two swapped. */
function near(name: string, key: string): boolean {
  if (key.length >= 6) return name.length >= 5 && distance(name, key) <= (key.length >= 8 ? 2 : 1);
  const swapped = [...name].sort().join() === [...key].sort().join();
  return key.length >= 4 && name[0] === key[0] && (swapped || name.length > key.length) && distance(name, key) === 1;
}

/** Letters to insert, leave out, change, or swap with their neighbour, to make one word of the other. */
export function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(change, rows[i - 1]![j]! + 1, row[j - 1]! + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j]!, rows[i - 2]![j - 2]! + 1);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

/** Gives the element a property a key. One set before the element knew its keys is taken over. */
export function defineSettings(
  element: Element & { setState(settings: Record<string, unknown>, merge?: boolean): void },
  catalog: Catalog,
  read: (key: string) => string | undefined,
): void {
  const early: Record<string, unknown> = {};
  for (const key of keysOf(catalog)) {
    const own = Object.getOwnPropertyDescriptor(element, key);
    if (own?.get || (!own && key in element)) continue;
    if (own) early[key] = own.value;
    Object.defineProperty(element, key, {
      configurable: true,
      enumerable: true,
      get: () => read(key),
      set: (value: unknown) => element.setState({ [key]: value }, true),
    });
  }
  if (Object.keys(early).length) element.setState(early, true);
}
