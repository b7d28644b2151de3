//! Kernels without weights, as WGSL: every invocation gives one number, or one image its numbers.

use super::wgsl::params;

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
      let value = f32(x[p.from_lead + plane * p.from_plane + (image * p.from_tall + iy) * p.from_pitch + ix]);
      most = max(most, value);
      sum += value;
      seen++;
    }}
  }}
  let area = select(max(seen, 1u), table[0] * table[1], table[6] == 2u);
  y[to] = num(select(sum / f32(area), most, table[6] == 0u));
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
    for (var column = 0u; column < p.w; column++) { sum += f32(x[start + column]); }
  }
  y[p.to_lead + channel * p.to_plane + image * p.to_tall * p.to_pitch] = num(sum / f32(p.h * p.w));
",
    )
}

/// Sum of two values laid out alike, and clamp.
pub fn add() -> String {
    each("low:f high:f", "  y[i] = num(clamp(f32(x[i]) + f32(aside[i]), p.low, p.high));\n")
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

/// Shares of each image's features that sum to one; i counts images. The greatest is taken away first, so that no power
/// overflows.
pub fn softmax() -> String {
    each(
        &format!("classes {FROM} {TO}"),
        "
  let start = p.from_lead + i;
  var most = f32(x[start]);
  for (var c = 1u; c < p.classes; c++) { most = max(most, f32(x[start + c * p.from_plane])); }
  var sum = 0.0;
  for (var c = 0u; c < p.classes; c++) { sum += exp(f32(x[start + c * p.from_plane]) - most); }
  for (var c = 0u; c < p.classes; c++) {
    y[p.to_lead + c * p.to_plane + i] = num(exp(f32(x[start + c * p.from_plane]) - most) / sum);
  }
",
    )
}
