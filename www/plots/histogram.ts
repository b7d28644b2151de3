// A layer's weights before and after: the outline is what was there, the filled bars are what is left.

import * as Plot from "@observablehq/plot";
import type { LayerPicture } from "../picture.js";
import { base, colours } from "./base.js";

export function histogramPlot(picture: LayerPicture, width: number, height: number): Element {
  const bins = picture.before.map((before, i) => ({
    x1: picture.edges[i]!,
    x2: picture.edges[i + 1]!,
    before,
    after: picture.after[i]!,
  }));
  return Plot.plot({
    ...base(width, height),
    marginTop: 8,
    marginLeft: 8,
    marginRight: 8,
    marginBottom: 34,
    x: { label: "Weight", labelArrow: false, labelAnchor: "right", ticks: 5, tickSize: 3 },
    y: { type: "sqrt", axis: null },
    marks: [
      Plot.rectY(bins, { x1: "x1", x2: "x2", y: "before", fill: colours.cut, fillOpacity: 0.28, inset: 0.5 }),
      Plot.rectY(bins, { x1: "x1", x2: "x2", y: "after", fill: colours.kept, inset: 0.5 }),
      Plot.ruleY([0], { stroke: colours.grey }),
    ],
  });
}
