// Tables behind charts: one description for the page and for the file to take away.

import { fixed } from "./format.js";

export interface Column {
  label: string;
  /** Of its numbers; the head says it, the cells do not. */
  unit?: string;
  numeric?: boolean;
  /** Decimals of its numbers; without them they are shown as they are, like a seed. */
  digits?: 0 | 1 | 2 | 3 | 4;
}

/** Null where there is nothing to tell. */
export type Cell = string | number | null;

export interface Table {
  columns: Column[];
  rows: Cell[][];
}

export const text = (label: string): Column => ({ label });

export const figure = (label: string, digits?: Column["digits"], unit?: string): Column => ({
  label,
  numeric: true,
  ...(digits === undefined ? {} : { digits }),
  ...(unit ? { unit } : {}),
});

export const headOf = ({ label, unit }: Column): string => (unit ? `${label} (${unit})` : label);

export function shown(cell: Cell, { digits }: Column): string {
  if (typeof cell === "string") return cell;
  if (cell === null || digits !== undefined) return fixed(cell, digits ?? 0);
  return String(cell);
}

/** A fraction in hundredths, for a column in per cent. */
export const hundredths = (fraction: number | null): number | null => (fraction === null ? null : 100 * fraction);
