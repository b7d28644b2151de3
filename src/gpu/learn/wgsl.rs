//! The other kernels of training, as WGSL. Values lie as tensors do, row-major with the batch in front.
//!
//! A kernel that gives a gradient adds it to what is there where `p.add` says so: a value that several layers read has several.

use crate::gpu::each::each;
use crate::gpu::wgsl::params;

/// Invocations of a workgroup that sums, as many as every GPU has.
pub const CREW: usize = 256;

/// Stores a gradient.
pub const PUT: &str = "
  if (p.add == 1u) { value += y[i]; }
  y[i] = value;
";

/// A kernel with a workgroup for every channel of [n, c, pixels], in which `total` sums over the workgroup, `count` is the
/// numbers of a channel, and `place` says where one of them lies.
pub fn channel(fields: &str, body: &str) -> String {
    params(&format!("n c pixels {fields}"))
        + "
var<workgroup> part: array<f32, 256>;
fn total(lane: u32, value: f32) -> f32 {
  part[lane] = value;
  for (var apart = 128u; apart > 0u; apart /= 2u) {
    workgroupBarrier();
    if (lane < apart) { part[lane] += part[lane + apart]; }
  }
  workgroupBarrier();
  let sum = part[0];
  workgroupBarrier();
  return sum;
}
fn place(i: u32, channel: u32) -> u32 {
  let image = i / p.pixels;
  return (image * p.c + channel) * p.pixels + i - image * p.pixels;
}
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let channel = group.x;
  let lane = local.x;
  let count = p.n * p.pixels;
" + body + "}\n"
}

/// Sum over each channel of what is made of a `value`.
fn sums(of: &str) -> String {
    channel(
        "to",
        &format!(
            "
  var sum = 0.0;
  for (var i = lane; i < count; i += 256u) {{
    let value = x[place(i, channel)];
    sum += {of};
  }}
  let all = total(lane, sum);
  if (lane == 0u) {{ y[p.to + channel] = all; }}
"
        ),
    )
}

/// Gradient of a bias: the sum of each channel.
pub fn bias() -> String {
    sums("value")
}

/// Sum of squares of each channel.
pub fn squares() -> String {
    sums("value * value")
}

/// Zeros of each channel.
pub fn zeros() -> String {
    sums("select(0.0, 1.0, value == 0.0)")
}

/// Adds squares to what is there.
pub fn add_squares() -> String {
    each("", "  y[i] = fma(x[i], x[i], y[i]);\n")
}

/// An activation that holds numbers between 0 and `p.high`. NaN stays NaN, where a GPU has it: else a network that
/// has diverged would look well.
pub fn clamp() -> String {
    each("high:f", "  y[i] = select(select(x[i], 0.0, x[i] < 0.0), p.high, x[i] > p.high);\n")
}

/// Gradient through [`clamp`]: none at its kinks. `x` is its input, `aside` the gradient of its output.
pub fn clamp_back() -> String {
    each("high:f add", &format!("  var value = select(0.0, aside[i], x[i] > 0.0 && x[i] < p.high);{PUT}"))
}

/// Sum of two values.
pub fn add() -> String {
    each("", "  y[i] = x[i] + aside[i];\n")
}

/// Gradient through a sum.
pub fn hand_on() -> String {
    each("add", &format!("  var value = x[i];{PUT}"))
}

/// Mean over pixels; i counts planes.
pub fn means() -> String {
    each(
        "pixels",
        "
  var sum = 0.0;
  for (var pixel = 0u; pixel < p.pixels; pixel++) { sum += x[i * p.pixels + pixel]; }
  y[i] = sum / f32(p.pixels);
",
    )
}

/// Gradient through [`means`].
pub fn means_back() -> String {
    each("pixels add", &format!("  var value = x[i / p.pixels] / f32(p.pixels);{PUT}"))
}

/// Fields of a pool: input, output, window, and how: 0 for the greatest, 1 for the mean of pixels, 2 for that of the border too.
const POOL: &str = "h w high wide ky kx sy sx py px how";

/// What a window sees: its greatest number, the first where several are equal, where that lies, the sum, and over how many.
const WINDOW: &str = "
struct Seen { most: f32, spot: u32, sum: f32, area: u32 }
fn look(plane: u32, row: u32, column: u32) -> Seen {
  var seen = Seen(-3.4028234e38, 0xffffffffu, 0.0, 0u);
  for (var ky = 0u; ky < p.ky; ky++) {
    for (var kx = 0u; kx < p.kx; kx++) {
      // What leaves the image on the near side wraps around, far beyond the other.
      let iy = row * p.sy + ky - p.py;
      let ix = column * p.sx + kx - p.px;
      if (iy >= p.h || ix >= p.w) { continue; }
      let at = (plane * p.h + iy) * p.w + ix;
      if (seen.spot == 0xffffffffu || x[at] > seen.most) {
        seen.most = x[at];
        seen.spot = at;
      }
      seen.sum += x[at];
      seen.area++;
    }
  }
  if (p.how == 2u) { seen.area = p.ky * p.kx; }
  seen.area = max(seen.area, 1u);
  return seen;
}
";

/// Max or average pool.
pub fn pool() -> String {
    each(
        POOL,
        "
  let seen = look(i / (p.wide * p.high), i / p.wide % p.high, i % p.wide);
  y[i] = select(seen.sum / f32(seen.area), seen.most, p.how == 0u);
",
    ) + WINDOW
}

/// Gradient through [`pool`]: each pixel looks at the windows that it lies in. `aside` is the gradient of the output.
pub fn pool_back() -> String {
    let body = format!(
        "
  let plane = i / (p.w * p.h);
  let row = i / p.w % p.h + p.py;
  let column = i % p.w + p.px;
  // The first window that reaches this far.
  let top = (max(row + 1u, p.ky) - p.ky + p.sy - 1u) / p.sy;
  let left = (max(column + 1u, p.kx) - p.kx + p.sx - 1u) / p.sx;
  var value = 0.0;
  for (var oy = top; oy < p.high && oy * p.sy <= row; oy++) {{
    for (var ox = left; ox < p.wide && ox * p.sx <= column; ox++) {{
      let seen = look(plane, oy, ox);
      let slope = aside[(plane * p.high + oy) * p.wide + ox];
      if (p.how != 0u) {{ value += slope / f32(seen.area); }} else if (seen.spot == i) {{ value += slope; }}
    }}
  }}
{PUT}"
    );
    each(&format!("{POOL} add"), &body) + WINDOW
}

/// `y[m, n] = Σ x[m, k] weights[k, n]` (+ bias, or + what was there), matrices lying as their strides say: 16 x 16 tiles.
pub fn matmul() -> String {
    params("m n k x_row x_step w_at w_step w_column to biased bias add")
        + "
var<workgroup> a: array<f32, 256>;
var<workgroup> b: array<f32, 256>;
@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let top = group.y * 16u;
  let left = group.x * 16u;
  // Neighbouring invocations load neighbouring numbers, whichever way a matrix lies.
  let turned = vec2u(local.y, local.x);
  let ia = select(turned, local.xy, p.x_row == 1u);
  let ib = select(turned, local.xy, p.w_step == 1u);
  var sum = 0.0;
  for (var start = 0u; start < p.k; start += 16u) {
    let row = top + ia.x;
    let column = left + ib.y;
    var inside = row < p.m && start + ia.y < p.k;
    a[ia.x * 16u + ia.y] = select(0.0, x[select(0u, row * p.x_row + (start + ia.y) * p.x_step, inside)], inside);
    inside = column < p.n && start + ib.x < p.k;
    let at = p.w_at + (start + ib.x) * p.w_step + column * p.w_column;
    b[ib.x * 16u + ib.y] = select(0.0, weights[select(0u, at, inside)], inside);
    workgroupBarrier();
    for (var k = 0u; k < 16u; k++) { sum = fma(a[local.y * 16u + k], b[k * 16u + local.x], sum); }
    workgroupBarrier();
  }
  if (top + local.y >= p.m || left + local.x >= p.n) { return; }
  let i = p.to + (top + local.y) * p.n + left + local.x;
  if (p.biased == 1u) { sum += weights[p.bias + left + local.x]; }
  if (p.add == 1u) { sum += y[i]; }
  y[i] = sum;
}
"
}
