// What the page keeps in the browser, under which names, and what happens where the browser keeps nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inWorker, oneRun, ready, runs, state, suite, URL_UNDER_TEST } from "./lib.mjs";

const verdict = (page) => page.getByRole("region", { name: "Verdict" });

/** Another copy of the page: the same files, seen in another folder of the host. */
async function copyIn(context, folder) {
  const home = new URL(URL_UNDER_TEST);
  const url = new URL(folder, home.origin).href;
  await context.route(`${url}**`, async (route) => {
    const response = await route.fetch({ url: route.request().url().replace(url, home.href) });
    await route.fulfill({ response });
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(url);
  return page;
}

const denied = () => {
  for (const name of ["indexedDB", "localStorage", "sessionStorage"])
    Object.defineProperty(window, name, {
      get() {
        throw new DOMException("Access is denied for this document.", "SecurityError");
      },
    });
  Object.defineProperty(Navigator.prototype, "locks", {
    get: () => ({ request: () => Promise.reject(new DOMException("denied", "SecurityError")) }),
  });
};

suite(test, "storage", [
  [
    "where site data is blocked the page works, keeps nothing and says so",
    {
      before: async (context) => {
        await context.addInitScript(denied);
        await inWorker("navigator.locks.request = () => Promise.reject(new DOMException('denied', 'SecurityError'));")(context);
      },
    },
    async (page) => {
      await ready(page);
      await verdict(page).getByText(/keeps no data for this page/).waitFor();
      await oneRun(page);
      await page.getByRole("button", { name: /^Light:/ }).click();
      await page.reload();
      await ready(page);
      assert.equal((await state(page)).runs.length, 0);
      assert.deepEqual(page.problems, []);
    },
  ],
  [
    "a disk that is full is told, and the run stays on the page",
    {
      before: (context) =>
        context.addInitScript(() => {
          const put = IDBObjectStore.prototype.put;
          IDBObjectStore.prototype.put = function (...args) {
            const request = put.apply(this, args);
            this.transaction.abort();
            return request;
          };
        }),
    },
    async (page) => {
      await oneRun(page);
      await verdict(page).getByText(/keeps no data for this page/).waitFor();
      assert.equal((await state(page)).runs.length, 1);
    },
  ],
  [
    "copies in two folders of a host keep their own runs and their own light",
    {},
    async (page) => {
      await oneRun(page);
      await page.getByRole("button", { name: /^Light:/ }).click();
      const copy = await copyIn(page.context(), "/another/copy/");
      await ready(copy);
      assert.equal((await state(copy)).runs.length, 0);
      await copy.getByRole("button", { name: /^Light: auto/ }).waitFor();
      await oneRun(copy);
      await copy.getByRole("button", { name: /^Remove / }).click();
      await page.reload();
      await runs(page, 1);
      await page.getByRole("button", { name: /^Light: light/ }).waitFor();
    },
  ],
  [
    "runs kept under the old name are taken over once",
    {},
    async (page) => {
      await oneRun(page);
      // As a page before this one left it: one base for all folders, and none of this folder's.
      await page.evaluate(async () => {
        const answer = (request) => new Promise((go, no) => ((request.onsuccess = () => go(request.result)), (request.onerror = no)));
        const [own] = (await indexedDB.databases()).filter(({ name }) => name.startsWith("secateur-runs "));
        const base = await answer(indexedDB.open(own.name));
        const kept = await answer(base.transaction("runs").objectStore("runs").getAll());
        base.close();
        await answer(indexedDB.deleteDatabase(own.name));
        const old = indexedDB.open("secateur", 1);
        old.onupgradeneeded = () => old.result.createObjectStore("runs", { keyPath: "id" });
        const shared = await answer(old);
        await answer(shared.transaction("runs", "readwrite").objectStore("runs").put(kept[0]));
        shared.close();
      });
      await page.reload();
      await runs(page, 1);
      await ready(page);
      await page.getByRole("button", { name: /^Remove / }).click();
      await page.waitForFunction(() => document.querySelector("secateur-lab").getState().runs.length === 0);
      await page.waitForTimeout(300);
      await page.reload();
      await ready(page);
      await page.waitForTimeout(500);
      assert.equal((await state(page)).runs.length, 0, "not taken over again");
    },
  ],
  [
    "looking for old runs makes no base of that name",
    {},
    async (page) => {
      await oneRun(page);
      const names = await page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
      assert.deepEqual(names.length, 1);
      assert.match(names[0], /^secateur-runs \//);
      assert.ok(names[0].endsWith(new URL(page.url()).pathname));
    },
  ],
]);
