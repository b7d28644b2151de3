// Records as they come: from the engine, or kept by an earlier page.

import type { RunRecord } from "./types.js";

/** Earlier engines wrote 0 where there were no images to tell by: that is no figure. */
export function honest(record: RunRecord): RunRecord {
  const { accuracy: a, classes } = record;
  if (a.n > 0 && classes.every((row) => row.n > 0)) return record;
  const none = { before: null, after: null };
  const empty = { ...none, low: null, high: null, before_low: null, before_high: null, top5_before: null, top5_after: null };
  return {
    ...record,
    accuracy: a.n > 0 ? a : { ...a, ...empty },
    classes: classes.map((row) => (row.n > 0 ? row : { ...row, ...none })),
  };
}
