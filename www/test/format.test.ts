// Figures on the page are rounded as the engine rounds in its sentences.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fixed, micros, milliseconds, percent, ratio, rounded, sentence, share } from "../format.js";

/** Of Rust's `{:.0}`, `{:.1}`, `{:.2}`: ties, numbers just beside one, negative ones, large ones. */
const RUST: [number, string, string, string][] = [
  [0.25, "0", "0.2", "0.25"],
  [0.75, "1", "0.8", "0.75"],
  [0.35, "0", "0.3", "0.35"],
  [2.5, "2", "2.5", "2.50"],
  [1.5, "2", "1.5", "1.50"],
  [0.5, "0", "0.5", "0.50"],
  [98.05, "98", "98.0", "98.05"],
  [12.45, "12", "12.4", "12.45"],
  [0.125, "0", "0.1", "0.12"],
  [0.375, "0", "0.4", "0.38"],
  [-0.25, "-0", "-0.2", "-0.25"],
  [0.05, "0", "0.1", "0.05"],
  [1000000.5, "1000000", "1000000.5", "1000000.50"],
  [-0.04, "-0", "-0.0", "-0.04"],
];

test("decimals are those of the engine, ties too", () => {
  for (const [value, ...texts] of RUST)
    for (const digits of [0, 1, 2] as const) assert.equal(rounded(value, digits), texts[digits], `${value} to ${digits}`);
});

test("a share of the test images is the same figure in both", () => {
  // 1,961 of 2,000: in hundredths just below 98.05.
  assert.equal(percent(1961 / 2000), "98.0%");
  assert.equal(percent(1 / 16, 1), "6.2%");
  assert.equal(percent(3 / 16, 1), "18.8%");
});

test("thousands are grouped, decimals are not", () => {
  assert.equal(fixed(1234567.125, 3), "1,234,567.125");
  assert.equal(fixed(-1234, 0), "-1,234");
  assert.equal(fixed(999, 0), "999");
});

test("what is not known is a dash, never a nought", () => {
  for (const none of [null, undefined, NaN, Infinity]) {
    assert.equal(percent(none), "–");
    assert.equal(fixed(none, 1), "–");
  }
  for (const time of [0, NaN, -1]) {
    assert.equal(milliseconds(time), "–");
    assert.equal(micros(time), "–");
    assert.equal(ratio(time), "–");
  }
});

test("a sparsity has no needless decimals", () => {
  assert.deepEqual([0.9, 0.985, 0.9855, 0.07].map(share), ["90%", "98.5%", "98.55%", "7%"]);
});

test("a sentence ends once", () => {
  assert.equal(sentence("the device was destroyed.."), "The device was destroyed.");
  assert.equal(sentence("wait for it..."), "Wait for it...");
  assert.equal(sentence("it is done"), "It is done.");
});
