// Which names on an element or in an address are settings, and which values are none.

import assert from "node:assert/strict";
import { test } from "node:test";
import { distance, given, keysOf, settingsAmong } from "../settings.js";
import { fakeCatalog } from "./fake-catalog.js";

const among = (...names: string[]) => Object.keys(settingsAmong(names.map((name) => [name, "x"]), fakeCatalog));

test("every key of the catalog is a setting", () => {
  const keys = keysOf(fakeCatalog);
  assert.deepEqual(among(...keys), keys);
});

test("names of frameworks, tools and mailings are none", () => {
  const foreign = [
    "_ngcontent-x1",
    "ng-version",
    "data-v-7ba5bd90",
    "data-reactroot",
    "wire:id",
    "x-data",
    "v-cloak",
    "nonce",
    "inert",
    "translate",
    "exportparts",
    "part",
    "mode",
    "date",
    "see",
    "theme",
    "class",
    "page",
    "utm_source",
    "utm_campaign",
    "fbclid",
    "gclid",
    "mc_cid",
    "ref",
    "v1.2",
    "www.host",
  ];
  assert.deepEqual(among(...foreign), []);
});

test("a setting misspelt is kept, so that it can be named", () => {
  const misspelt = ["sparsty", "sparcity", "sparsityy", "methods", "metod", "modle", "models", "seeds", "recovery.stepz"];
  assert.deepEqual(among(...misspelt), misspelt);
});

test("undefined, null and nothing but space mean the default", () => {
  assert.deepEqual(given({ a: undefined, b: null, c: "", d: "  ", e: 0, f: false, g: "x" }), { e: "0", f: "false", g: "x" });
});

test("the distance counts letters inserted, left out, changed and swapped", () => {
  for (const [a, b, far] of [
    ["seed", "seed", 0],
    ["sede", "seed", 1],
    ["sparsty", "sparsity", 1],
    ["", "seed", 4],
    ["kitten", "sitting", 3],
  ] as const) {
    assert.equal(distance(a, b), far, `${a} and ${b}`);
    assert.equal(distance(b, a), far, `${b} and ${a}`);
  }
});
