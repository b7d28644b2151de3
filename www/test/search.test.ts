// Methods are found by the names that people have for them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { found, termsOf } from "../search.js";
import type { Catalog, Method } from "../types.js";

const catalog = {
  axes: [{ id: "pattern", parts: [{ id: "nm", name: "N:M" }] }],
} as unknown as Catalog;

const method: Method = {
  id: "lottery",
  name: "Iterative magnitude pruning",
  what: "Cut a little, go back, again.",
  formula: "",
  family: "By size",
  sources: [{ cite: "Frankle and Carbin, The Lottery Ticket Hypothesis, 2019", url: "" }],
  settings: { pattern: "nm" },
  aliases: ["Winning ticket"],
  reading: "",
};

test("by name, id, family, choice, paper and initials", () => {
  const terms = termsOf(method, catalog);
  for (const query of ["imp", "LTH", "n:m", "nm", "lottery", "frankle 2019", "by size", "iterative pruning", "winning", ""])
    assert.ok(found(terms, query), query);
  for (const query of ["obd", "lottery snip"]) assert.ok(!found(terms, query), query);
});
