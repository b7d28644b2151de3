// What all charts share: type, margins, colours by name.

import type { PlotOptions } from "@observablehq/plot";

export const colours = {
  kept: "var(--kept)",
  cut: "var(--cut)",
  ink: "var(--ink)",
  soft: "var(--soft)",
  grey: "var(--grey)",
  rule: "var(--rule)",
  paper: "var(--paper)",
};

export const base = (width: number, height: number): PlotOptions => ({
  width,
  height,
  className: "plot",
  marginTop: 24,
  marginRight: 16,
  marginBottom: 40,
  marginLeft: 48,
  style: { fontSize: "12px", fontFamily: "inherit", background: "", overflow: "visible" },
});
