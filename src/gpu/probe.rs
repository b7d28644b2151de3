//! What a GPU can do at best, whatever the network: the roof that its kernels are measured against.

use serde::Serialize;

use crate::base::{Result, clock, stats};

use super::device::{Call, Device, DeviceBuffer, Wires};
use super::precision::Precision;
use super::wgsl::{ACROSS, WIDE};

/// A GPU's limits.
#[derive(Clone, Debug, Serialize)]
pub struct Limits {
    /// Billions of bytes a second that a copy moves, read and written.
    pub copy_gbs: f64,
    /// Billions of operations a second of multiply-adds, which are two each.
    pub gflops: f64,
    /// Microseconds of one more dispatch in a submission.
    pub dispatch_us: f64,
    /// Microseconds from a submission that does nothing to its answer.
    pub readback_us: f64,
}

/// Groups of four words that are copied: 128 MiB, more than caches hold and no more than every GPU binds.
const QUADS: usize = 8 << 20;
/// Invocations that multiply, and multiply-adds of a round of each: eight chains of four numbers, four times.
const INVOCATIONS: usize = 8192 * WIDE;
const ROUND: usize = 32 * 4;
/// Milliseconds that multiplying takes at least.
const LEAST_MS: f64 = 5.0;
/// Empty dispatches of the shorter of two submissions; the longer has five times as many.
const EMPTY: usize = 64;
/// Samples of everything.
const SAMPLES: usize = 7;

const COPY: &str = "
@group(0) @binding(0) var<storage, read> x: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4u>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let i = (group.y * 32768u + group.x) * 64u + local.x;
  y[i] = x[i];
}
";

const EMPTY_KERNEL: &str = "@compute @workgroup_size(64) fn main() {}";

/// Multiply-adds in chains side by side, so that none waits for another.
fn multiply(precision: Precision) -> String {
    let step: String = (0..8).map(|i| format!("    s{i} = fma(s{i}, a, b);\n")).collect();
    let start: String = (0..8).map(|i| format!("  var s{i} = lane(num(local.x + {i}u));\n")).collect();
    format!(
        "{}alias lane = vec4<num>;
@group(0) @binding(0) var<storage, read> x: array<num>;
@group(0) @binding(1) var<storage, read_write> y: array<num>;
@group(0) @binding(5) var<uniform> rounds: u32;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {{
  let a = lane(x[0]);
  let b = lane(x[1]);
{start}  for (var round = 0u; round < rounds; round++) {{
{}  }}
  let sum = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7));
  y[group.x * 64u + local.x] = (sum.x + sum.y) + (sum.z + sum.w);
}}
",
        precision.preamble(),
        step.repeat(4)
    )
}

/// Measures a GPU, with multiply-adds of a precision.
///
/// # Errors
/// When the GPU fails, or has no such numbers.
pub async fn probe(device: &Device, precision: Precision) -> Result<Limits> {
    precision.check(device.half())?;
    let (x, y) = (device.room(4 * QUADS)?, device.room(4 * QUADS)?);
    let wires = Wires { x: &x, y: &y, aside: &x, table: &x, weights: &x };
    let copy = device.kernel("copy", COPY.into());
    let multiply = device.kernel("multiply", multiply(precision));
    let empty = device.kernel("empty", EMPTY_KERNEL.into());
    device.settled().await?;
    let copy = device.call(&copy, wires, &[], [ACROSS, QUADS / WIDE / ACROSS])?;
    let ms = slope(device, &copy, &y, 2, device.clock()).await?;
    let copy_gbs = 32.0 * QUADS as f64 / ms * 1e-6;

    // Numbers that stay where they are, near 1: neither great nor too small for a GPU to be quick.
    precision.write(device, &x, &[0.5, 0.5]);
    let mut rounds = 1;
    let gflops = loop {
        let call = device.call(&multiply, wires, &[rounds], [INVOCATIONS / WIDE, 1])?;
        let ms = least(device, &[call], &y, device.clock()).await?;
        if ms >= LEAST_MS || rounds >= 1 << 20 {
            break (2 * ROUND * INVOCATIONS) as f64 * f64::from(rounds) / ms * 1e-6;
        }
        rounds *= 2;
    };

    let empty = device.call(&empty, wires, &[], [1, 1])?;
    let dispatch_us = 1e3 * slope(device, &empty, &y, EMPTY, false).await?;
    let mut readbacks = Vec::new();
    for _ in 0..3 * SAMPLES {
        readbacks.push(1e3 * sample(device, &[], &y, false).await?);
    }
    Ok(Limits { copy_gbs, gflops, dispatch_us, readback_us: stats::median(&readbacks) })
}

/// Milliseconds of one more call in a submission: what comes with the submission itself cancels out.
async fn slope(device: &Device, call: &Call, y: &DeviceBuffer, few: usize, own: bool) -> Result<f64> {
    let calls = vec![call.clone(); 5 * few];
    let (short, long) = (least(device, &calls[..few], y, own).await?, least(device, &calls, y, own).await?);
    Ok((long - short).max(0.0) / (4 * few) as f64)
}

/// Milliseconds of a submission, the least of some samples.
async fn least(device: &Device, calls: &[Call], y: &DeviceBuffer, own: bool) -> Result<f64> {
    let mut least = f64::INFINITY;
    for _ in 0..SAMPLES {
        least = least.min(sample(device, calls, y, own).await?);
    }
    Ok(least)
}

/// Milliseconds of a submission by the GPU's own clock or by ours.
async fn sample(device: &Device, calls: &[Call], y: &DeviceBuffer, own: bool) -> Result<f64> {
    if own {
        return Ok(device.timed(calls).await?.unwrap_or(0.0));
    }
    let start = clock::now_ms();
    device.run(calls, y, 1).await?;
    Ok(clock::now_ms() - start)
}
