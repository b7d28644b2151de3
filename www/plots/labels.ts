// Where names go: beside their points as long as there is room, and not on top of one another.

import { wide, type Box } from "./frame.js";

export interface Label {
  text: string;
  /** The point that it names. */
  at: [number, number];
}

export interface Placed {
  x: number;
  y: number;
  anchor: "start" | "end";
  text: string;
}

interface Rect {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

const TALL = 14;
const MARK = 5;

/** Earlier labels come first; `marks` are points that no label may cover. */
export function placed(labels: Label[], marks: [number, number][], box: Box): Placed[] {
  const taken: Rect[] = marks.map(([x, y]) => ({ left: x - MARK, right: x + MARK, top: y - MARK, bottom: y + MARK }));
  const out: Placed[] = [];
  for (const label of labels) {
    const free = around(label).find(({ rect }) => inside(rect, box) && !taken.some((other) => meet(rect, other)));
    if (!free) continue;
    taken.push(free.rect);
    out.push(free.place);
  }
  return out;
}

/** Above to the right, above to the left, then the same below. */
function around({ text, at: [x, y] }: Label): { place: Placed; rect: Rect }[] {
  return [-8, 17].flatMap((dy) =>
    (["start", "end"] as const).map((anchor) => {
      const from = anchor === "start" ? x + 7 : x - 7;
      const left = anchor === "start" ? from : from - wide(text);
      const base = y + dy;
      return {
        place: { x: from, y: base, anchor, text },
        rect: { left, right: left + wide(text), top: base - TALL + 4, bottom: base + 4 },
      };
    }),
  );
}

const inside = (rect: Rect, box: Box): boolean =>
  rect.left >= box.left && rect.right <= box.width && rect.top >= 0 && rect.bottom <= box.bottom;

const meet = (a: Rect, b: Rect): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** Moves heights apart until none is nearer to another than the gap, and all lie between the ends. */
export function apart(heights: number[], gap: number, top: number, bottom: number): number[] {
  const order = heights.map((_, i) => i).sort((a, b) => heights[a]! - heights[b]!);
  const out = [...heights];
  let least = top;
  for (const i of order) least = (out[i] = Math.max(out[i]!, least)) + gap;
  let most = bottom;
  for (const i of order.reverse()) most = (out[i] = Math.min(out[i]!, most)) - gap;
  return out;
}
