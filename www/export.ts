// Files to take away: tables as CSV, records as JSON, charts as SVG and PNG.

import { rounded } from "./format.js";
import { headOf, type Cell, type Column, type Table } from "./table.js";

export function save(content: BlobPart, type: string, name: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

const quote = (text: string): string => (/[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);

/** A number stands without marks between its thousands and without its unit, so that it is read as one. */
function plain(cell: Cell, { digits }: Column): string {
  if (cell === null) return "";
  if (typeof cell === "string") return quote(cell);
  return Number.isFinite(cell) ? (digits === undefined ? String(cell) : rounded(cell, digits)) : "";
}

export const csv = ({ columns, rows }: Table): string =>
  [
    columns.map((column) => quote(headOf(column))).join(","),
    ...rows.map((row) => row.map((cell, i) => plain(cell, columns[i]!)).join(",")),
  ].join("\n") + "\n";

/** Spreadsheets take a file without a mark of its encoding for one of their own, and "µs" for something else. */
const MARK = "\ufeff";

export const saveCsv = (table: Table, file: string): void => save(MARK + csv(table), "text/csv;charset=utf-8", `${file}.csv`);

export const saveJson = (value: unknown, file: string): void =>
  save(JSON.stringify(value, null, 2), "application/json", `${file}.json`);

const LOOKS = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-opacity",
  "stroke-dasharray",
  "stroke-linecap",
  "stroke-linejoin",
  "opacity",
  "font-family",
  "font-size",
  "font-weight",
  "font-variant-numeric",
  "text-anchor",
  "dominant-baseline",
  "paint-order",
  "color",
];

/** What a chart is drawn on when it leaves the page: white, whatever the page's own light. */
const PAPER = "#ffffff";

/** A copy that needs no style sheet: what the page's styles say in light is written on each element. */
export function standalone(svg: SVGSVGElement): string {
  const { colorScheme } = svg.style;
  svg.style.colorScheme = "light";
  svg.style.setProperty("--paper", PAPER);
  try {
    return written(svg);
  } finally {
    svg.style.colorScheme = colorScheme;
    svg.style.removeProperty("--paper");
  }
}

function written(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const originals = [svg, ...svg.querySelectorAll("*")];
  const copies = [copy, ...copy.querySelectorAll("*")];
  originals.forEach((original, i) => {
    const style = getComputedStyle(original);
    const target = copies[i]!;
    if (style.display === "none") target.setAttribute("display", "none");
    for (const look of LOOKS) {
      const value = style.getPropertyValue(look);
      if (value) target.setAttribute(look, value);
    }
    for (const name of ["class", "style", "tabindex", "role", "aria-selected", "aria-activedescendant"])
      target.removeAttribute(name);
  });
  // The template's markers: nothing a reader of the file would look for.
  const marks = document.createTreeWalker(copy, NodeFilter.SHOW_COMMENT);
  const comments: Comment[] = [];
  while (marks.nextNode()) comments.push(marks.currentNode as Comment);
  for (const comment of comments) comment.remove();
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  paper.setAttribute("width", "100%");
  paper.setAttribute("height", "100%");
  paper.setAttribute("fill", PAPER);
  copy.prepend(paper);
  return new XMLSerializer().serializeToString(copy);
}

export function saveSvg(svg: SVGSVGElement, file: string): void {
  save(standalone(svg), "image/svg+xml", `${file}.svg`);
}

export async function savePng(svg: SVGSVGElement, file: string): Promise<void> {
  // Its own size, not its box on the page: the table may stand in its place.
  const [width, height] = [svg.width.baseVal.value, svg.height.baseVal.value];
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standalone(svg))}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = width * 2;
  canvas.height = height * 2;
  canvas.getContext("2d")!.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
  if (blob) save(blob, "image/png", `${file}.png`);
}
