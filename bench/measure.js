// Timing things side by side: batches well above the timer's step, taken in turn, so that a slow moment hits all of them.

/** Samples of each side: many, unless that takes too long. */
const SAMPLES = { most: 41, least: 9, within_ms: 3000 };
/** The shortest batch, in milliseconds, and in steps of the timer. */
const MIN_MS = 5;
const MIN_STEPS = 100;
/** Batches are not stretched beyond this: a side whose one run takes longer is on its own. */
const MAX_MS = 1000;
/** How long each side runs before anything counts, in milliseconds. */
const WARM_UP_MS = 150;

/** The smallest step that the page's timer makes, in milliseconds. */
export function timerStep() {
  let smallest = Infinity;
  for (let i = 0; i < 50; i++) {
    const start = performance.now();
    let now = start;
    while (now === start) now = performance.now();
    smallest = Math.min(smallest, now - start);
  }
  return smallest;
}

/**
 * Milliseconds per run of each side, one sample of each a turn. A side is a function that runs its work a number of times.
 * All get batches of equal length, so that what else the machine does weighs on all alike.
 */
export async function interleave(work, step, samples = {}) {
  const { most, least, within_ms } = { ...SAMPLES, ...samples };
  const shortest = Math.max(MIN_MS, MIN_STEPS * step);
  const sides = [];
  for (const side of work) sides.push({ side, samples: [], ...(await warmUp(side, shortest)) });
  const length = Math.min(MAX_MS, Math.max(...sides.map(({ ms }) => ms)));
  for (const one of sides) one.times = Math.max(1, Math.round((one.times * length) / one.ms));
  const start = performance.now();
  const late = () => performance.now() - start > within_ms;
  for (let i = 0; i < most && !(i >= least && late()); i++) {
    for (const { side, times, samples } of sides) samples.push((await time(side, times)) / times);
  }
  return sides.map(({ samples }) => samples);
}

/** Warms a side up; returns how many runs fill the shortest batch, and how long the batch took. */
async function warmUp(side, shortest) {
  let times = 1;
  let spent = 0;
  for (;;) {
    const ms = await time(side, times);
    spent += ms;
    if (ms < shortest) times = Math.ceil(times * Math.min(8, (1.1 * shortest) / ms));
    else if (spent >= WARM_UP_MS) return { times, ms };
  }
}

async function time(side, times) {
  const start = performance.now();
  await side(times);
  return performance.now() - start;
}

/** The middle value. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The geometric mean. */
export function geometric(values) {
  return Math.exp(values.reduce((sum, x) => sum + Math.log(x), 0) / values.length);
}
