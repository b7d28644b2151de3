//! The kernels, as WGSL. They work on the same flat planes as the processor's, and keep gaps zero as those do.
//!
//! Neighbouring invocations take neighbouring pixels, so that reads and writes of a workgroup are one stretch of memory; what a
//! row or a block of rows has (taps, weights) is the same for all of them.

use std::fmt::Write;

/// Invocations of a workgroup.
pub const WIDE: usize = 64;
/// Workgroups of elementwise kernels along their first axis.
pub const ACROSS: usize = 32_768;

/// What all kernels bind.
const WIRES: &str = "
alias num = f32;
@group(0) @binding(0) var<storage, read> x: array<num>;
@group(0) @binding(1) var<storage, read_write> y: array<num>;
@group(0) @binding(2) var<storage, read> aside: array<num>;
@group(0) @binding(3) var<storage, read> table: array<u32>;
@group(0) @binding(4) var<storage, read> weights: array<num>;
@group(0) @binding(5) var<uniform> p: Params;
";

/// Parameters that all kernels of weighted layers begin with.
pub const HEAD: &str = "run lead plane rows pitch tall h w low:f high:f bias residual";

/// The store of a sum that has its bias: residual, activation, and the zeros of the gaps.
pub const PUT: &str = "
fn put(row: u32, pixel: u32, sum: f32) {
  if (row >= p.rows || pixel >= p.run) { return; }
  let at = p.lead + row * p.plane + pixel;
  var value = sum;
  if (p.residual == 1u) { value += aside[at]; }
  let inside = pixel % p.pitch < p.w && (pixel / p.pitch) % p.tall < p.h;
  y[at] = select(0.0, clamp(value, p.low, p.high), inside);
}
";

/// How a kernel begins: its parameters, by name, and what is bound.
pub fn params(fields: &str) -> String {
    let fields = fields.split_whitespace().map(|field| match field.strip_suffix(":f") {
        Some(name) => format!("{name}: f32, "),
        None => format!("{field}: u32, "),
    });
    format!("struct Params {{ {} }}\n{WIRES}", fields.collect::<String>())
}

/// `y[o, p] = clamp(Σ w x[offset + p] + bias + residual)` for blocks of R rows that share their taps, V pixels an invocation.
///
/// `table` holds each block's first tap, one more at the end, then offsets: of every tap, or one list that all blocks share.
/// `weights` holds R weights a tap, then the bias.
pub fn rows(r: usize, v: usize) -> String {
    let mut code = params(&format!("{HEAD} blocks alike")) + PUT;
    code += "
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let block = group.y;
";
    let tile = v * WIDE;
    let _ = writeln!(code, "  let first = group.x * {tile}u + local.x;");
    for row in 0..r {
        // Rows past the last read whatever the clamped index gives, and are never stored.
        let _ = writeln!(code, "  let b{row} = weights[p.bias + min(block * {r}u + {row}u, p.rows - 1u)];");
        for pixel in 0..v {
            let _ = writeln!(code, "  var s{row}_{pixel} = b{row};");
        }
    }
    code += "
  let begin = table[block];
  let end = table[block + 1u];
  let back = select(0u, begin, p.alike == 1u);
  for (var t = begin; t < end; t++) {
    let at = table[p.blocks + 1u + t - back] + first;
";
    for pixel in 0..v {
        let _ = writeln!(code, "    let x{pixel} = x[at + {}u];", pixel * WIDE);
    }
    for row in 0..r {
        let _ = writeln!(code, "    let w{row} = weights[t * {r}u + {row}u];");
        for pixel in 0..v {
            let _ = writeln!(code, "    s{row}_{pixel} = fma(w{row}, x{pixel}, s{row}_{pixel});");
        }
    }
    code += "  }\n";
    for (row, pixel) in (0..r).flat_map(|row| (0..v).map(move |pixel| (row, pixel))) {
        let _ = writeln!(code, "  put(block * {r}u + {row}u, first + {}u, s{row}_{pixel});", pixel * WIDE);
    }
    code + "}\n"
}

/// `y[o] = clamp(Σ w x[column] + bias)` for one example: a workgroup a row, summed as a tree.
///
/// `table` and `weights` are those of [`rows`] with R = 1.
pub fn vector() -> String {
    params(&format!("{HEAD} blocks alike"))
        + "
var<workgroup> sums: array<f32, 64>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let row = group.y;
  let begin = table[row];
  let end = table[row + 1u];
  let back = select(0u, begin, p.alike == 1u);
  var sum = 0.0;
  for (var t = begin + local.x; t < end; t += 64u) {
    sum = fma(weights[t], x[table[p.blocks + 1u + t - back]], sum);
  }
  sums[local.x] = sum;
  for (var apart = 32u; apart > 0u; apart /= 2u) {
    workgroupBarrier();
    if (local.x < apart) { sums[local.x] += sums[local.x + apart]; }
  }
  if (local.x == 0u) { y[row] = clamp(sums[0] + weights[p.bias + row], p.low, p.high); }
}
"
}
