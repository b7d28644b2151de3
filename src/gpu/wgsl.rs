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
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read> aside: array<f32>;
@group(0) @binding(3) var<storage, read> table: array<u32>;
@group(0) @binding(4) var<storage, read> weights: array<f32>;
@group(0) @binding(5) var<uniform> p: Params;
";

/// The parameters of a kernel by name, whole numbers unless marked `:f`, and what all kernels bind.
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
    let mut code = params("run lead plane rows pitch tall h w low:f high:f blocks alike bias residual");
    code += "
fn put(row: u32, pixel: u32, sum: f32) {
  if (row >= p.rows || pixel >= p.run) { return; }
  let at = p.lead + row * p.plane + pixel;
  var value = sum;
  if (p.residual == 1u) { value += aside[at]; }
  let inside = pixel % p.pitch < p.w && (pixel / p.pitch) % p.tall < p.h;
  y[at] = select(0.0, clamp(value, p.low, p.high), inside);
}
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
    params("run lead plane rows pitch tall h w low:f high:f blocks alike bias residual")
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

/// A kernel that gives every invocation below `p.count` an index `i`.
pub fn each(fields: &str, body: &str) -> String {
    params(&format!("count {fields}"))
        + "
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let i = (group.y * 32768u + group.x) * 64u + local.x;
  if (i >= p.count) { return; }
" + body + "}\n"
}

/// Where pixel (plane, image, row, column) lies: in the input, and in the output.
const FROM: &str = "from_lead from_plane from_pitch from_tall";
const TO: &str = "to_lead to_plane to_pitch to_tall";

/// Which pixel of the output an index stands for.
const PIXEL: &str = "
  let column = i % p.wide;
  let row = i / p.wide % p.high;
  let image = i / (p.wide * p.high) % p.n;
  let plane = i / (p.wide * p.high * p.n);
  let to = p.to_lead + plane * p.to_plane + (image * p.to_tall + row) * p.to_pitch + column;
";

/// Rows and columns sorted into phases; i counts (plane, image, row, column) of the phases.
pub fn split() -> String {
    each(
        &format!("n c h w up across {FROM} {TO} high wide"),
        &format!(
            "{PIXEL}
  let phase = plane / p.c;
  let source = vec2u(row * p.up + phase / p.across, column * p.across + phase % p.across);
  if (source.x >= p.h || source.y >= p.w) {{ return; }}
  y[to] = x[p.from_lead + plane % p.c * p.from_plane + (image * p.from_tall + source.x) * p.from_pitch + source.y];
"
        ),
    )
}

/// Max or average pool; i counts (channel, image, row, column) of the output. `table` holds kernel, stride and pad, each for
/// rows and columns, and how means count: 0 for the greatest, 1 for pixels, 2 for the border too.
pub fn pool() -> String {
    each(
        &format!("n h w {FROM} {TO} high wide"),
        &format!(
            "{PIXEL}
  var most = -3.4028234e38;
  var sum = 0.0;
  var seen = 0u;
  for (var ky = 0u; ky < table[0]; ky++) {{
    for (var kx = 0u; kx < table[1]; kx++) {{
      // What leaves the image on the near side wraps around, far beyond the other.
      let iy = row * table[2] + ky - table[4];
      let ix = column * table[3] + kx - table[5];
      if (iy >= p.h || ix >= p.w) {{ continue; }}
      let value = x[p.from_lead + plane * p.from_plane + (image * p.from_tall + iy) * p.from_pitch + ix];
      most = max(most, value);
      sum += value;
      seen++;
    }}
  }}
  let area = select(max(seen, 1u), table[0] * table[1], table[6] == 2u);
  y[to] = select(sum / f32(area), most, table[6] == 0u);
"
        ),
    )
}

/// Mean over pixels; i counts (channel, image).
pub fn means() -> String {
    each(
        &format!("n h w {FROM} {TO}"),
        "
  let image = i % p.n;
  let channel = i / p.n;
  var sum = 0.0;
  for (var row = 0u; row < p.h; row++) {
    let start = p.from_lead + channel * p.from_plane + (image * p.from_tall + row) * p.from_pitch;
    for (var column = 0u; column < p.w; column++) { sum += x[start + column]; }
  }
  y[p.to_lead + channel * p.to_plane + image * p.to_tall * p.to_pitch] = sum / f32(p.h * p.w);
",
    )
}

/// Sum of two values laid out alike, and clamp.
pub fn add() -> String {
    each("low:f high:f", "  y[i] = clamp(x[i] + aside[i], p.low, p.high);\n")
}

/// Images as features; i counts (channel, row, column, image).
pub fn flatten() -> String {
    each(
        &format!("n h w {FROM} {TO}"),
        "
  let image = i % p.n;
  let feature = i / p.n;
  let column = feature % p.w;
  let row = feature / p.w % p.h;
  let channel = feature / (p.w * p.h);
  y[p.to_lead + feature * p.to_plane + image] =
    x[p.from_lead + channel * p.from_plane + (image * p.from_tall + row) * p.from_pitch + column];
",
    )
}
