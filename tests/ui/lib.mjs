// What the page tests share: the browser, the page under test, and its element.
// SECATEUR_URL names the page served (any folder of any host), SECATEUR_ISOLATED_URL the same with the headers that isolate
// a page from other origins; SECATEUR_CHROMIUM the browser.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../www/package.json", import.meta.url));
const { chromium } = require("playwright-core");
export const { AxeBuilder } = require("@axe-core/playwright");

export const URL_UNDER_TEST = process.env.SECATEUR_URL ?? "http://127.0.0.1:8080/";
/** What `cargo xtask serve` serves is isolated. */
const ISOLATED = process.env.SECATEUR_ISOLATED_URL ?? "http://127.0.0.1:8080/";

const executablePath = [process.env.SECATEUR_CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome"].find(
  (path) => path && existsSync(path),
);

/** With this, Chromium has WebGPU also where there is no GPU: in software. */
export const WEBGPU = "--enable-unsafe-webgpu";

export const launch = (...more) =>
  chromium.launch({
    executablePath,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...more,
    ],
  });

/** How long a real run may take on a slow machine. */
export const LONG = 240_000;

/** Opens the page in a context of its own, on one network throughout; a query of "" gives what a visitor gets first. `page.problems` gathers what went wrong on it, `page.requests` what it asked for. */
export async function open(
  browser,
  { query = "?model=resnet8", hash = "", isolated = false, width = 1440, height = 1000, before, ...options } = {},
) {
  const context = await browser.newContext({ viewport: { width, height }, acceptDownloads: true, ...options });
  // What has to be there before the page asks for its files.
  await before?.(context);
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.problems = [];
  page.requests = [];
  page.on("pageerror", (error) => page.problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && page.problems.push(message.text()));
  context.on("request", (request) => page.requests.push(request.url()));
  await page.goto(`${isolated ? ISOLATED : URL_UNDER_TEST}${query}${hash}`);
  return page;
}

/** Lets code run in the worker before the page's own, which is fetched as it is: for `before`. */
export const inWorker = (code) => async (context) => {
  await context.route("**/js/worker.js", async (route) => {
    // A page that is closed meanwhile wants no answer any more.
    const response = await route.fetch().catch(() => undefined);
    if (response) await route.fulfill({ response, body: `${code}\n${await response.text()}` }).catch(() => {});
  });
};

/** A page of somebody else with this in its body, beside the page under test. */
export async function visit(browser, body, path = "host.html") {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.problems = [];
  page.on("pageerror", (error) => page.problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && page.problems.push(message.text()));
  const html = `<!doctype html><html lang="en"><head><title>Host</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'self'; script-src 'self' 'wasm-unsafe-eval'">
<script type="module" src="js/main.js"></script><script type="module" src="js/main.js?again"></script></head>
<body><h1>A page of somebody else</h1>${body}</body></html>`;
  await page.route(`**/${path}`, (route) => route.fulfill({ contentType: "text/html", body: html }));
  await page.goto(`${URL_UNDER_TEST}${path}`);
  return page;
}

export const lab = (page) => page.locator("secateur-lab");

export const state = (page) => lab(page).evaluate((element) => element.getState());

/** Waits until the page has a network open and nothing under way: its first measurement is over. */
export const settled = (page, timeout = LONG) =>
  page.waitForFunction(
    () => {
      const now = document.querySelector("secateur-lab")?.getState?.();
      return now && now.engine === "ready" && !now.working && (now.dense || now.record);
    },
    undefined,
    { timeout, polling: 50 },
  );

export const ready = (page, timeout = 60_000) =>
  page.waitForFunction(() => document.querySelector("secateur-lab")?.getState?.().engine === "ready", undefined, {
    timeout,
    polling: 30,
  });

/** Waits for this many runs in the list. */
export const runs = (page, count, timeout = LONG) =>
  page.waitForFunction((n) => document.querySelector("secateur-lab")?.getState?.().runs.length >= n, count, {
    timeout,
    polling: 50,
  });

/** Opens the axes and takes "None" for what happens after the cut: runs then end soon. */
export async function withoutTraining(page) {
  const select = page.getByRole("combobox", { name: "Recovery", exact: true });
  if (!(await select.isVisible())) await page.getByText("All axes", { exact: true }).click();
  await select.waitFor();
  const none = await select
    .locator("option")
    .evaluateAll((options) => options.find((o) => /^no(ne|thing)\b/i.test(o.textContent.trim()))?.value);
  await select.selectOption(none);
  await page.waitForFunction(
    (value) => document.querySelector("secateur-lab").getState().settings.recovery === value,
    none,
  );
}

export const prune = (page) => page.getByRole("button", { name: "Prune", exact: true });

/** One run without training, to its very end. */
export async function oneRun(page) {
  await ready(page);
  await withoutTraining(page);
  await prune(page).click();
  await runs(page, 1);
  await settled(page);
}

/** What a button saves: the file's name and its bytes. */
export async function saved(page, button) {
  const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

/** Sets the slider as a hand would: a value and the event that comes with it. */
export const slide = (page, value) =>
  page.locator("#sparsity").evaluate((input, to) => {
    input.value = to;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }, String(value));

/** One test after another on one browser, started with more flags if need be; each gets a page of its own, closed at its end. */
export function suite(test, name, tests, ...flags) {
  test(name, async (t) => {
    const browser = await launch(...flags);
    try {
      for (const [title, options, act] of tests) {
        await t.test(title, async () => {
          const page = await open(browser, options);
          try {
            await act(page, browser);
          } finally {
            await page.context().close();
          }
        });
      }
    } finally {
      await browser.close();
    }
  });
}
