// Waits have an end, and threads that do not come are waited for once.

import assert from "node:assert/strict";
import { test } from "node:test";
import { team } from "../team.js";
import { Late, within } from "../wait.js";

test("an answer in time is the answer, a refusal the refusal", async () => {
  assert.equal(await within(Promise.resolve(3), 50), 3);
  await assert.rejects(within(Promise.reject(new Error("no")), 50), /^Error: no$/);
});

test("no answer is late", async () => {
  await assert.rejects(within(new Promise(() => {}), 5), Late);
});

test("threads that do not start are waited for once, and the run goes on with those there are", async () => {
  let [size, started, looks] = [1, 0, 0];
  const start = () => (started++, { postMessage() {} }) as unknown as Worker;
  Object.defineProperty(globalThis, "navigator", { value: { hardwareConcurrency: 4 }, configurable: true });
  const hire = team({ teamSize: () => (looks++, size) }, start, async () => ({}) as never, 40);
  assert.equal(await hire(3), 1);
  assert.ok(looks > 3, "waited for");
  looks = 0;
  assert.equal(await hire(3), 1);
  assert.ok(looks <= 3, "not waited for again");
  assert.equal(started, 2);
  size = 3;
  assert.equal(await hire(3), 3);
});

test("a browser that starts no worker leaves the leader alone", async () => {
  Object.defineProperty(globalThis, "navigator", { value: { hardwareConcurrency: 4 }, configurable: true });
  const refuse = (): Worker => {
    throw new Error("no more workers");
  };
  assert.equal(await team({ teamSize: () => 1 }, refuse, async () => ({}) as never, 40)(4), 1);
});
