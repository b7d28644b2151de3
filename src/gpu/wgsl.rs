//! The kernels, as WGSL. They work on the same flat planes as the processor's, and keep gaps zero as those do.
//!
//! Neighbouring invocations take neighbouring pixels, so that reads and writes of a workgroup are one stretch of memory; what a
//! row or a block of rows has (taps, weights) is the same for all of them.

use std::fmt::Write;

use super::precision::Precision;

/// Invocations of a workgroup.
pub const WIDE: usize = 64;
/// Workgroups of elementwise kernels along their first axis.
pub const ACROSS: usize = 32_768;

/// What all kernels bind.
const WIRES: &str = "
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
  if (p.residual == 1u) { value += f32(aside[at]); }
  let inside = pixel % p.pitch < p.w && (pixel / p.pitch) % p.tall < p.h;
  y[at] = num(select(0.0, clamp(value, p.low, p.high), inside));
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

/// Taps whose products are summed in half precision before the sum joins a total in single: few enough for it to stay exact
/// to about a thousandth.
pub const SHORT: usize = 8;

/// Pixels that are summed side by side: two of them in half precision, which GPUs multiply at once.
#[derive(Clone, Copy, Debug)]
pub struct Lanes {
    /// Pixels of a lane.
    wide: usize,
    /// Lanes of an invocation.
    pub count: usize,
    /// What names the sums that products are added to: short ones in half precision, else the totals.
    pub sum: &'static str,
}

impl Lanes {
    /// Lanes for some pixels of an invocation.
    pub fn new(precision: Precision, pixels: usize) -> Self {
        let half = precision == Precision::Half;
        let wide = if half && pixels.is_multiple_of(2) { 2 } else { 1 };
        Self { wide, count: pixels / wide, sum: if half { "q" } else { "s" } }
    }

    /// Their types: `lane` of numbers, `total` of sums.
    pub fn types(self) -> &'static str {
        if self.wide == 2 {
            "alias lane = vec2<num>;\nalias total = vec2<f32>;\n"
        } else {
            "alias lane = num;\nalias total = f32;\n"
        }
    }

    /// Lane `i` of x from `at` on.
    pub fn load(self, at: &str, i: usize) -> String {
        let pixels = (0..self.wide).map(|k| format!("x[{at} + {}u]", (i * self.wide + k) * WIDE));
        format!("lane({})", pixels.collect::<Vec<_>>().join(", "))
    }

    /// Stores the totals of a row.
    pub fn put(self, row: &str, sums: &str) -> String {
        let mut code = String::new();
        for (i, k) in (0..self.count).flat_map(|i| (0..self.wide).map(move |k| (i, k))) {
            let (pixel, part) = ((i * self.wide + k) * WIDE, if self.wide == 2 { [".x", ".y"][k] } else { "" });
            let _ = writeln!(code, "  put({row}, first + {pixel}u, {sums}{i}{part});");
        }
        code
    }
}

/// `y[o, p] = clamp(Σ w x[offset + p] + bias + residual)` for blocks of R rows that share their taps, V pixels an invocation.
///
/// `table` holds each block's first tap, one more at the end, then offsets: of every tap, or one list that all blocks share.
/// `weights` holds R weights a tap, then the bias.
pub fn rows(r: usize, v: usize, precision: Precision) -> String {
    let lanes = Lanes::new(precision, v);
    let each = || (0..r).flat_map(|row| (0..lanes.count).map(move |i| (row, i)));
    let mut code = params(&format!("{HEAD} blocks alike")) + PUT + lanes.types();
    code += "
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let block = group.y;
";
    let tile = v * WIDE;
    let _ = writeln!(code, "  let first = group.x * {tile}u + local.x;");
    for (row, i) in each() {
        // Rows past the last read whatever the clamped index gives, and are never stored.
        let bias = format!("weights[p.bias + min(block * {r}u + {row}u, p.rows - 1u)]");
        let _ = writeln!(code, "  var s{row}_{i} = total(f32({bias}));");
    }
    code += "  let begin = table[block];
  let end = table[block + 1u];
  let back = select(0u, begin, p.alike == 1u);
";
    let short = precision == Precision::Half;
    if short {
        let _ = writeln!(code, "  for (var short = begin; short < end; short += {SHORT}u) {{");
        let _ = writeln!(code, "  let stop = min(short + {SHORT}u, end);");
        code.extend(each().map(|(row, i)| format!("  var q{row}_{i} = lane(0.0);\n")));
    }
    let (from, to) = if short { ("short", "stop") } else { ("begin", "end") };
    let _ = writeln!(code, "  for (var t = {from}; t < {to}; t++) {{");
    code += "    let at = table[p.blocks + 1u + t - back] + first;\n";
    for i in 0..lanes.count {
        let _ = writeln!(code, "    let x{i} = {};", lanes.load("at", i));
    }
    for row in 0..r {
        let _ = writeln!(code, "    let w{row} = lane(weights[t * {r}u + {row}u]);");
    }
    for (row, i) in each() {
        let sum = format!("{}{row}_{i}", lanes.sum);
        let _ = writeln!(code, "    {sum} = fma(w{row}, x{i}, {sum});");
    }
    code += "  }\n";
    if short {
        code.extend(each().map(|(row, i)| format!("  s{row}_{i} += total(q{row}_{i});\n")));
        code += "  }\n";
    }
    for row in 0..r {
        code += &lanes.put(&format!("block * {r}u + {row}u"), &format!("s{row}_"));
    }
    code + "}\n"
}

/// `y[o] = clamp(Σ w x[column] + bias)` for one example: a workgroup a row, summed as a tree, in single
/// precision always: the time goes into loads.
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
    sum = fma(f32(weights[t]), f32(x[table[p.blocks + 1u + t - back]]), sum);
  }
  sums[local.x] = sum;
  for (var apart = 32u; apart > 0u; apart /= 2u) {
    workgroupBarrier();
    if (local.x < apart) { sums[local.x] += sums[local.x + apart]; }
  }
  if (local.x == 0u) {
    y[row] = num(clamp(sums[0] + f32(weights[p.bias + row]), p.low, p.high));
  }
}
"
}
