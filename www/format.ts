// Numbers as people read them. Every figure of the page goes through here, so that they align.

/**
 * A number with so many decimals, rounded as the engine rounds in its sentences, so that one figure is never told in two
 * ways: to the nearest, and from the middle between two to the even one. The middle is that of the number as it is stored.
 */
export function rounded(value: number, digits: 0 | 1 | 2 | 3 | 4): string {
  const halves = Math.abs(value) * 2 ** (digits + 1);
  if (!Number.isInteger(halves) || halves % 2 === 0) return sign(value) + Math.abs(value).toFixed(digits);
  const below = Math.floor(Math.abs(value) * 10 ** digits);
  return sign(value) + ((below + (below % 2)) / 10 ** digits).toFixed(digits);
}

const sign = (value: number): string => (value < 0 || Object.is(value, -0) ? "-" : "");

export function fixed(value: number | null | undefined, digits: 0 | 1 | 2 | 3 | 4): string {
  if (!known(value)) return "–";
  const [whole, decimals] = rounded(value, digits).split(".");
  const grouped = whole!.replace(/\B(?=(\d{3})+$)/g, ",");
  return decimals === undefined ? grouped : `${grouped}.${decimals}`;
}

/** Where nothing was measured there is no figure: a dash stands for it, never a nought. */
export const known = (value: number | null | undefined): value is number => Number.isFinite(value);

export const count = (value: number | null | undefined): string => fixed(value, 0);

/** 0.9156 -> "91.6%" */
export const percent = (fraction: number | null | undefined, digits: 0 | 1 | 2 = 1): string =>
  known(fraction) ? `${fixed(fraction * 100, digits)}%` : "–";

/** A sparsity without a needless decimal: 0.9 -> "90%", 0.985 -> "98.5%". */
export const share = (fraction: number): string =>
  Number.isFinite(fraction) ? `${+rounded(fraction * 100, 2)}%` : "–";

export function bytes(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value < 1000) return `${count(value)} B`;
  if (value < 1e6) return `${fixed(value / 1e3, value < 1e4 ? 1 : 0)} kB`;
  return `${fixed(value / 1e6, value < 1e7 ? 2 : 1)} MB`;
}

/** A time of nothing was not taken. */
export function milliseconds(value: number): string {
  if (!(value > 0) || !Number.isFinite(value)) return "–";
  return `${fixed(value, value < 1 ? 3 : value < 10 ? 2 : 1)} ms`;
}

export function micros(value: number): string {
  if (!(value > 0) || !Number.isFinite(value)) return "–";
  return `${fixed(value, value < 10 ? 1 : 0)} µs`;
}

export function ratio(value: number): string {
  if (!(value > 0) || !Number.isFinite(value)) return "–";
  return `${fixed(value, value < 99.5 ? 1 : 0)}×`;
}

/** A file that is being loaded, and how far it is. */
export const onItsWay = ({ file, done, total }: { file: string; done: number; total: number }): string =>
  total > done ? `${file}, ${bytes(done)} of ${bytes(total)}` : `${file}, ${bytes(done)}`;

/** 1234567 -> "1.23 M" */
export function compact(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value < 1e4) return count(value);
  if (value < 1e6) return `${fixed(value / 1e3, 1)} k`;
  return `${fixed(value / 1e6, 2)} M`;
}

export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 1) return "under 1 s";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${fixed(minutes / 60, 1)} h`;
}

export const shape = (dims: number[]): string => dims.join(" × ");

/** "blocks 4x1" -> "blocks 4 × 1": the engine writes what any terminal shows. */
export const crosses = (text: string): string => text.replace(/(\d)\s?x\s?(?=\d)/g, "$1 × ");

export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

/** What the engine says in passing, as a sentence. Keys and values at its start stay as they are. */
export function sentence(text: string): string {
  const trimmed = text.trim().replace(/([^.])\.\.$/, "$1.");
  if (!trimmed) return "";
  const first = /^[a-z]+[a-z]*(\s|,)/.test(trimmed) ? trimmed[0]!.toUpperCase() + trimmed.slice(1) : trimmed;
  return /[.!?…]$/.test(first) ? first : `${first}.`;
}

export function clock(at: number): string {
  return new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}
