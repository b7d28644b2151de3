// What the page itself refuses or cannot do, in words.

import type { Failure } from "./types.js";

export const busy = (what: "run" | "survey"): Failure => ({
  kind: "busy",
  message: what === "run" ? "A run is already under way." : "The break-even is being measured.",
  hint: "Wait for it, or cancel it first.",
});

export const cancelled: Failure = { kind: "cancelled", message: "The run was cancelled.", hint: "" };

export const unopened: Failure = {
  kind: "load",
  message: "No network is open.",
  hint: "Try again to load it, or choose another.",
};

/** The element left the page, and did not come back at once. */
export const removed: Failure = {
  kind: "removed",
  message: "The element was taken off the page, and the run ended with it.",
  hint: "Put it back and run again; its settings and earlier runs are kept.",
};

export const NO_LOCK =
  "This browser gives the page no lock, as where site data is blocked: should it end the engine, that is noticed a minute later.";

export const SILENT_GPU =
  "The browser did not answer in time when asked for its GPU: everything runs on the processor. About has a button to ask again.";

export const NOT_KEPT =
  "This browser keeps no data for this page: runs last until it is closed. Save those that you want to keep.";

export const LOST_GPU = "The GPU failed, and the processor took over. About has a button to ask for the GPU again.";
