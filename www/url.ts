// Settings and places in the page's address: the query holds the recipe, the fragment holds the place.

import type { Settings } from "./types.js";

export type Place = { tab: "lab" | "methods" | "break-even" | "about"; page?: string };

/** What an address says, setting or not. */
export const pairsOf = (query: string): [string, string][] => [...new URLSearchParams(query)].filter(([key]) => key);

/** Keys in a steady order: the head of the recipe first, the rest by name. */
const HEAD = ["model", "data", "method", "sparsity"];

export function queryFromSettings(settings: Settings): string {
  const keys = Object.keys(settings).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const query = keys.map((key) => `${escape(key)}=${escape(settings[key]!)}`).join("&");
  return query ? `?${query}` : "";
}

const rank = (key: string): number => (HEAD.includes(key) ? HEAD.indexOf(key) : HEAD.length);

const escape = (text: string): string => encodeURIComponent(text).replace(/%3A/g, ":").replace(/%2C/g, ",");

export function placeFromHash(hash: string): Place {
  const [tab, name] = hash.replace(/^#/, "").split("/");
  const page = name ? unescape(name) : undefined;
  if (tab === "methods") return page ? { tab, page } : { tab };
  if (tab === "break-even" || tab === "about") return { tab };
  return { tab: "lab" };
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function hashFromPlace(place: Place): string {
  if (place.tab === "lab") return "";
  return place.page ? `#${place.tab}/${encodeURIComponent(place.page)}` : `#${place.tab}`;
}

export function shareLink(base: string, settings: Settings): string {
  const url = new URL(base);
  url.search = queryFromSettings(settings);
  url.hash = "";
  return url.href;
}
