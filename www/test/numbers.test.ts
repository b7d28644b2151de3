// The one reader of numbers that all boxes share.

import assert from "node:assert/strict";
import { test } from "node:test";
import { number, numbers } from "../numbers.js";

test("one number, in the ways people write it", () => {
  for (const [text, value] of [
    ["0.05", 0.05],
    ["0,05", 0.05],
    [" 0,05 ", 0.05],
    [".5", 0.5],
    ["1e-3", 0.001],
    ["−2", -2],
    ["92,5", 92.5],
    ["1 000", 1000],
    ["1\u202f000", 1000],
    ["1\u2009000\u2009000", 1000000],
    ["1\u00a0000,5", 1000.5],
    ["1'000", 1000],
    ["1,000.5", 1000.5],
    ["1.000,5", 1000.5],
    ["1,000,000", 1000000],
    ["5%", 0.05],
    ["5 %", 0.05],
    ["5\u202f%", 0.05],
    ["7%", 0.07],
  ] as const) {
    assert.equal(number(text), value, text);
  }
});

test("in a box of per cent the sign changes nothing", () => {
  for (const text of ["92.5", "92,5", "92.5%", "92,5 %", "92,5\u202f%"]) assert.equal(number(text, { percent: true }), 92.5);
});

test("whole numbers take a comma between thousands and no fraction", () => {
  assert.equal(number("1,000", { whole: true }), 1000);
  assert.equal(number("1,000"), 1);
  for (const text of ["1.5", "1,5", "abc", "1e-1"]) assert.equal(number(text, { whole: true }), undefined, text);
});

test("what is no number is none, and never a part of it", () => {
  for (const text of ["", "abc", "1.2.3", "12abc", "1-2", "--1", "%", "Infinity", "NaN", "0x10", "1,2,3", "1 2"])
    assert.equal(number(text), undefined, text);
});

test("lists, and what of them was not understood", () => {
  const per = { percent: true };
  for (const [text, values, odd] of [
    ["50, 80, 90", [50, 80, 90], []],
    ["50,80,90", [50, 80, 90], []],
    ["50,90", [50, 90], []],
    ["50 80\t90", [50, 80, 90], []],
    ["92,5; 95", [92.5, 95], []],
    ["92,55; 95", [92.55, 95], []],
    ["92,5 95", [92.5, 95], []],
    ["92,5", [92.5], []],
    ["92.5, 95", [92.5, 95], []],
    ["50%, 80 %", [50, 80], []],
    ["50, 50, 50", [50], []],
    ["50, x, 90", [50, 90], ["x"]],
    ["5O; 90", [90], ["5O"]],
    ["50, 80;90  95,80, x", [50, 80, 90, 95.8], ["x"]],
    ["", [], []],
    [" , ; ", [], []],
  ] as const) {
    const got = numbers(text, per);
    assert.deepEqual([got.values, got.odd], [values, odd], text);
  }
});

test("a list of whole numbers names what is none", () => {
  assert.deepEqual(numbers("1.5, -1, abc, 2", { whole: true }), { values: [-1, 2], odd: ["1.5", "abc"] });
  assert.deepEqual(numbers("1,2,3", { whole: true }), { values: [1, 2, 3], odd: [] });
  assert.deepEqual(numbers("1;2;3", { whole: true }), { values: [1, 2, 3], odd: [] });
});
