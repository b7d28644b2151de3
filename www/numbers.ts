// What people write in the page's boxes, as numbers: with comma or point, a per cent sign, spaces between thousands.

/** What stands between the digits of a long number, and never between two numbers. */
const THIN = "\\u00a0\\u2009\\u202f'’_";

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

export interface Reading {
  /** Only whole numbers are meant: a comma stands between thousands, not before a fraction. */
  whole?: boolean;
  /** The box counts in per cent: a sign says no more than that. Elsewhere it makes a hundredth of the number. */
  percent?: boolean;
}

/** One number, or undefined where the text is none. */
export function number(text: string, { whole, percent }: Reading = {}): number | undefined {
  let plain = text
    .trim()
    .replace(new RegExp(`(\\d)[\\s${THIN}](?=\\d{3}(\\D|$))`, "g"), "$1")
    .replace(/[−–]/g, "-")
    .replace(/[٪％]/g, "%");
  const hundredths = /%$/.test(plain);
  plain = pointed(plain.replace(/\s*%$/, ""), !!whole);
  if (!NUMBER.test(plain)) return undefined;
  const value = hundredths && !percent ? +(Number(plain) / 100).toPrecision(15) : Number(plain);
  return Number.isFinite(value) && (!whole || Number.isSafeInteger(value)) ? value : undefined;
}

/** What a box is set to: the number in it, nothing where it is empty, or else its text, so that it can be named. */
export function setting(text: string, reading: Reading = {}): string | undefined {
  const plain = text.trim();
  return plain === "" ? undefined : String(number(plain, reading) ?? plain);
}

/** With one decimal point and nothing else between the digits. Of comma and point together, the last is the decimal one. */
function pointed(text: string, whole: boolean): string {
  const [comma, point] = [text.lastIndexOf(","), text.lastIndexOf(".")];
  if (comma >= 0 && point >= 0) return comma > point ? pointed(text.replace(/\./g, ""), false) : text.replace(/,/g, "");
  const thousands = /^[-+]?\d{1,3}(,\d{3})+$/;
  if (thousands.test(text) && (whole || text.indexOf(",") !== comma)) return text.replace(/,/g, "");
  return comma >= 0 && text.indexOf(",") === comma ? text.replace(",", ".") : text;
}

/** A list as it was understood, and the pieces of it that were not. Doubles count once. */
export interface List {
  values: number[];
  odd: string[];
}

export function numbers(text: string, reading: Reading = {}): List {
  const values = new Set<number>();
  const odd: string[] = [];
  for (const piece of pieces(text, !!reading.whole)) {
    const value = number(piece, reading);
    if (value === undefined) odd.push(piece);
    else values.add(value);
  }
  return { values: [...values], odd };
}

/**
 * Numbers of a list stand apart by semicolons, spaces or commas. A comma within a piece is a decimal one where semicolons
 * do the parting, and where what follows looks like a fraction: one digit, or a nought first.
 */
function pieces(text: string, whole: boolean): string[] {
  const parted = text.replace(/\s+(?=%)/g, "");
  const semicolons = parted.includes(";");
  const fraction = (piece: string) => /^[-+]?\d+,(\d|0\d+)%?$/.test(piece) || /^[-+]?0,\d+%?$/.test(piece);
  return parted
    .split(new RegExp(`;|[^\\S${THIN}]+`))
    .map((piece) => piece.replace(/^,+|,+$/g, ""))
    .flatMap((piece) => (!whole && (semicolons || fraction(piece)) ? [piece] : piece.split(",")))
    .map((piece) => piece.trim())
    .filter(Boolean);
}
