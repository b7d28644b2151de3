// Takes the picture in the README: the page after a real run. `cargo xtask screenshot` serves the page and runs this.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const { chromium } = createRequire(new URL("../www/package.json", import.meta.url))("playwright-core");
const url = process.env.SECATEUR_URL;
const file = fileURLToPath(new URL("screenshot.png", import.meta.url));

const browser = await chromium.launch({ executablePath: process.env.SECATEUR_CHROMIUM, args: ["--no-sandbox"] });
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 960 }, colorScheme: "light" });
  // Events may come before a listener could be added by hand: note them from the start.
  await page.addInitScript(() => {
    window.seen = {};
    for (const type of ["ready", "result", "error"]) {
      addEventListener(type, (event) => (window.seen[type] ??= event.detail ?? true), true);
    }
  });
  await page.goto(url);
  await page.waitForFunction(() => window.seen.ready, null, { timeout: 60_000 });
  await page.evaluate(() => document.querySelector("secateur-lab").run());
  await page.waitForFunction(() => window.seen.result, null, { timeout: 300_000 });
  // The last drawing follows the result by a frame or two.
  await page.waitForTimeout(1000);
  await page.screenshot({ path: file });
} finally {
  await browser.close();
}
