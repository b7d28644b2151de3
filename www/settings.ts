// An element's attributes and properties as settings: the keys are the address's.

import type { Catalog, Settings } from "./types.js";

/** Attributes that are the element's own and no settings. */
const OWN = new Set([
  "page",
  "id",
  "class",
  "style",
  "title",
  "lang",
  "dir",
  "hidden",
  "slot",
  "role",
  "tabindex",
  "part",
]);

export function settingsOf(element: Element): Settings {
  const pairs = [...element.attributes].filter(({ name }) => !OWN.has(name) && !/^(data|aria|on)[-a-z]/.test(name));
  return Object.fromEntries(pairs.map(({ name, value }) => [name, value]));
}

/** Every settings key of a catalog, as URL, attributes and properties spell it. */
export function keysOf(catalog: Catalog): string[] {
  const axes = catalog.axes.flatMap((axis) => [
    axis.id,
    ...axis.parts.flatMap((part) => part.params.map((param) => `${axis.id}.${param.key}`)),
  ]);
  return [...new Set(["model", "data", "method", ...[...catalog.globals, ...catalog.running].map((param) => param.key), ...axes])];
}

/** Gives the element a property a key. One set before the element knew its keys is taken over. */
export function defineSettings(
  element: Element & { setState(settings: Settings, merge?: boolean): void },
  catalog: Catalog,
  read: (key: string) => string | undefined,
): void {
  const bag = element as unknown as Record<string, unknown>;
  for (const key of keysOf(catalog)) {
    const early = Object.hasOwn(bag, key) ? bag[key] : undefined;
    if (key in bag && early === undefined) continue;
    Object.defineProperty(element, key, {
      configurable: true,
      enumerable: true,
      get: () => read(key),
      set: (value: unknown) => element.setState({ [key]: String(value) }, true),
    });
    if (early !== undefined) element.setState({ [key]: String(early) }, true);
  }
}
