// Runs every job of every section and posts the rows and the report to the server that opened this page.
import { fused } from "./fused.js";
import { timerStep } from "./measure.js";
import { report } from "./report.js";
import * as breakEven from "./sections/break-even.js";
import * as growth from "./sections/growth.js";
import * as intervals from "./sections/intervals.js";
import * as int8 from "./sections/int8.js";
import * as memory from "./sections/memory.js";
import * as oneShot from "./sections/one-shot.js";
import * as patterns from "./sections/patterns.js";
import * as speed from "./sections/speed.js";
import * as threads from "./sections/threads.js";
import * as training from "./sections/training.js";
import { weights } from "./zoo.js";

// A section is a file: its title, its jobs by name, `run(job, kit)` that gives rows and a line for the log, and `text(rows)`.
const sections = Object.entries({ speed, patterns, "break-even": breakEven, int8, intervals, threads, training, "one-shot": oneShot, growth, memory });

/** Rounds of multiply-adds in a run of the peak. */
const PEAK_ROUNDS = 16;

// As on the page: the engine with fused multiply-adds where the browser has them.
const engine = await import(fused() ? "/relaxed/secateur.js" : "/pkg/secateur.js");

/** What sections measure with. */
const kit = {
  ...engine,
  weights,
  /** A long job says now and then that it goes on. */
  say: (line) => say(line),
  step: timerStep(),
  /** The multiply-add peak as a side of a measurement, and how many a run of it does. */
  peak(times) {
    for (let i = 0; i < times; i++) kit.peakMacs = engine.bench_peak(PEAK_ROUNDS);
  },
  peakMacs: 0,
  ratio(over, under) {
    const [value, low, high] = engine.bench_ratio(Float64Array.from(over), Float64Array.from(under));
    return { value, low, high };
  },
  scale: ({ value, low, high }, by) => ({ value: value * by, low: low * by, high: high * by }),
};

async function main() {
  const wasm = await engine.default();
  const only = new URLSearchParams(location.search).get("only") ?? "";
  const jobs = sections.flatMap(([id, section]) =>
    section.jobs.filter(({ name }) => name.includes(only)).map((job) => ({ id, section, job })),
  );
  if (jobs.length === 0) throw new Error(`no job's name contains "${only}"`);
  const rows = [];
  const started = performance.now();
  for (const [index, { section, job }] of jobs.entries()) {
    const done = await section.run(job, kit);
    rows.push(...done.rows);
    await say(`${index + 1}/${jobs.length}  ${job.name}: ${done.line}`);
  }
  const environment = {
    only,
    peers: speed.peers,
    binaries: binaries(),
    user_agent: navigator.userAgent,
    threads: 1,
    fused: fused(),
    timer_step_us: 1000 * kit.step,
    isolated: crossOriginIsolated,
    memory_mb: Math.round(wasm.memory.buffer.byteLength / 2 ** 20),
    seconds: Math.round((performance.now() - started) / 1000),
  };
  await post("bench.json", JSON.stringify({ environment, rows }, null, 1));
  await post("bench.txt", report(environment, sections, rows));
  await post("done", "");
}

/** The wasm files that the page and its peers loaded. */
function binaries() {
  const paths = performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname);
  return paths.filter((path) => path.endsWith(".wasm"));
}

async function say(line) {
  document.querySelector("#log").append(line, "\n");
  await post("log", line);
}

function post(path, body) {
  return fetch(`/${path}`, { method: "POST", body });
}

main().catch((error) => post("error", error.stack ?? error.message ?? JSON.stringify(error)));
