// Settings and places survive the way through the address.

import assert from "node:assert/strict";
import { test } from "node:test";
import { hashFromPlace, pairsOf, placeFromHash, queryFromSettings, shareLink } from "../url.js";

test("settings come back from the query as they went", () => {
  const settings = { model: "resnet8", sparsity: "0.9", "recovery.epochs": "2", odd: "a b&c=d#e" };
  assert.deepEqual(Object.fromEntries(pairsOf(queryFromSettings(settings))), settings);
});

test("the recipe's head comes first, the rest by name", () => {
  assert.equal(
    queryFromSettings({ seed: "1", sparsity: "0.5", a: "2", model: "m" }),
    "?model=m&sparsity=0.5&a=2&seed=1",
  );
});

test("no settings, no query", () => assert.equal(queryFromSettings({}), ""));

test("an empty key is nothing", () => assert.deepEqual(pairsOf("?=1&&x=2"), [["x", "2"]]));

test("places come back from the fragment as they went", () => {
  for (const place of [
    { tab: "lab" },
    { tab: "methods" },
    { tab: "methods", page: "a/b c" },
    { tab: "break-even" },
    { tab: "about" },
  ] as const) {
    assert.deepEqual(placeFromHash(hashFromPlace(place)), place);
  }
});

test("a fragment that is no place is the lab", () => {
  assert.deepEqual(placeFromHash("#nowhere"), { tab: "lab" });
  assert.deepEqual(placeFromHash("#methods/%E0%A4%A"), { tab: "methods", page: "%E0%A4%A" });
});

test("a shared link keeps the folder and leaves the fragment", () => {
  assert.equal(
    shareLink("https://host.example/some/folder/?x=1#about", { sparsity: "0.9" }),
    "https://host.example/some/folder/?sparsity=0.9",
  );
});
