//! Kernels of convolutions in training, as WGSL: outputs, gradients of inputs, gradients of weights.
//!
//! A gradient of inputs is a convolution of the gradient of outputs, seen from the other side, so one text serves both. Windows
//! are written into the text: compilers divide by numbers that they know, and unroll.

use std::fmt::Write;

use crate::kernel::geometry::Geometry;

use super::wgsl::CREW;
use crate::gpu::wgsl::{WIDE, params};

/// Pixels of an invocation.
pub const PIXELS: usize = 2;
/// Sums that a workgroup adds up at a time: what they fill is half of the memory that every GPU has.
const BATCH: usize = 8;

/// Which pixels of one grid those of another see through a window, by rows and columns: pixel q sees
/// (q up + start + tap step) / down, where that is whole and inside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Walk {
    kernel: [usize; 2],
    up: [usize; 2],
    down: [usize; 2],
    start: [u32; 2],
    step: [u32; 2],
}

impl Walk {
    /// What outputs see of inputs.
    pub fn forward(v: &Geometry) -> Self {
        let start = v.pad.map(|pad| (pad as u32).wrapping_neg());
        Self { kernel: v.kernel, up: v.stride, down: [1; 2], start, step: v.dilation.map(|step| step as u32) }
    }

    /// What inputs see of outputs.
    pub fn back(v: &Geometry) -> Self {
        let step = v.dilation.map(|step| (step as u32).wrapping_neg());
        Self { kernel: v.kernel, up: [1; 2], down: v.stride, start: v.pad.map(|pad| pad as u32), step }
    }

    /// Lines that give `name`, where pixel `at` looks along an axis, and `name_inside`. What leaves on the near side wraps
    /// around, far beyond the other.
    fn look(&self, axis: usize, name: &str, at: &str, tap: &str, size: &str) -> String {
        let (up, down, start, step) = (self.up[axis], self.down[axis], self.start[axis], self.step[axis]);
        format!(
            "let {name}_wide = {at} * {up}u + {start}u + {tap} * {step}u;
      let {name} = {name}_wide / {down}u;
      let {name}_inside = {name}_wide % {down}u == 0u && {name} < {size};\n"
        )
    }
}

/// `y[image, g rows + r, pixel] = Σ weights[r, d, tap] x[image, g depth + d, what the pixel sees]` (+ bias, or + what was there)
/// for every group g, R rows and V pixels an invocation.
pub fn taps(walk: &Walk, r: usize, v: usize) -> String {
    let mut code = params("run high wide h w rows depth per groups weight row_apart depth_apart biased bias add")
        + "
fn put(row: u32, g: u32, inside: bool, to: u32, sum: f32) {
  if (row >= p.rows || !inside) { return; }
  let at = to + row * p.high * p.wide;
  var value = sum;
  if (p.biased == 1u) { value += weights[p.bias + g * p.rows + row]; }
  if (p.add == 1u) { value += y[at]; }
  y[at] = value;
}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let g = group.y / p.per;
  let area = p.high * p.wide;
  let plane = p.h * p.w;
";
    let [tall, across] = walk.kernel;
    let _ = writeln!(code, "  let top = group.y % p.per * {r}u;");
    let _ = writeln!(code, "  let filters = p.weight + g * p.rows * p.depth * {}u;", tall * across);
    for pixel in 0..v {
        let _ = writeln!(code, "  let i{pixel} = group.x * {}u + local.x + {}u;", v * WIDE, pixel * WIDE);
        let _ = writeln!(code, "  let image{pixel} = i{pixel} / area;");
        let _ = writeln!(code, "  let spot{pixel} = i{pixel} - image{pixel} * area;");
        let _ = writeln!(code, "  let row{pixel} = spot{pixel} / p.wide;");
        let _ = writeln!(code, "  let column{pixel} = spot{pixel} - row{pixel} * p.wide;");
        let _ = writeln!(code, "  let first{pixel} = (image{pixel} * p.groups + g) * p.depth * plane;");
    }
    for row in 0..r {
        // Rows past the last read the last, and are never stored.
        let _ = writeln!(code, "  let filter{row} = filters + min(top + {row}u, p.rows - 1u) * p.row_apart;");
        for pixel in 0..v {
            let _ = writeln!(code, "  var s{row}_{pixel} = 0.0;");
        }
    }
    let _ = writeln!(code, "  for (var ky = 0u; ky < {tall}u; ky++) {{");
    for pixel in 0..v {
        code += &walk.look(0, &format!("r{pixel}"), &format!("row{pixel}"), "ky", "p.h");
    }
    let _ = writeln!(code, "    for (var kx = 0u; kx < {across}u; kx++) {{");
    for pixel in 0..v {
        code += &walk.look(1, &format!("c{pixel}"), &format!("column{pixel}"), "kx", "p.w");
        let _ = writeln!(code, "let inside{pixel} = i{pixel} < p.run && r{pixel}_inside && c{pixel}_inside;");
        let at = format!("first{pixel} + r{pixel} * p.w + c{pixel}");
        let _ = writeln!(code, "var at{pixel} = select(0u, {at}, inside{pixel});");
    }
    let inside: Vec<String> = (0..v).map(|pixel| format!("inside{pixel}")).collect();
    let _ = writeln!(code, "if (!({})) {{ continue; }}", inside.join(" || "));
    let _ = writeln!(code, "var tap = ky * {across}u + kx;");
    code += "      for (var d = 0u; d < p.depth; d++) {\n";
    for pixel in 0..v {
        let _ = writeln!(code, "        let x{pixel} = select(0.0, x[at{pixel}], inside{pixel});");
        let _ = writeln!(code, "        at{pixel} += plane;");
    }
    for row in 0..r {
        let _ = writeln!(code, "        let w{row} = weights[filter{row} + tap];");
        for pixel in 0..v {
            let _ = writeln!(code, "        s{row}_{pixel} = fma(w{row}, x{pixel}, s{row}_{pixel});");
        }
    }
    code += "        tap += p.depth_apart;\n      }\n    }\n  }\n";
    for (row, pixel) in (0..r).flat_map(|row| (0..v).map(move |pixel| (row, pixel))) {
        let to = format!("(image{pixel} * p.groups + g) * p.rows * area + spot{pixel}");
        let _ = writeln!(code, "  put(top + {row}u, g, i{pixel} < p.run, {to}, s{row}_{pixel});");
    }
    code + "}\n"
}

/// `y[o, c, ky, kx] = Σ aside[image, o, pixel] x[image, c, what the pixel sees]`: a workgroup for each row of taps of R outputs
/// and C inputs, its invocations taking turns over pixels of all images.
pub fn filters(walk: &Walk, r: usize, c: usize) -> String {
    let mut code = params("run high wide h w rows depth per groups to");
    let [tall, across] = walk.kernel;
    let _ = writeln!(code, "var<workgroup> part: array<f32, {}>;", BATCH * CREW);
    let _ = writeln!(code, "@compute @workgroup_size({CREW})");
    code += "fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let g = group.x / p.per;
  let area = p.high * p.wide;
  let plane = p.h * p.w;
";
    let _ = writeln!(code, "  let top = group.x % p.per * {r}u;");
    let _ = writeln!(code, "  let left = group.y / {tall}u * {c}u;");
    let _ = writeln!(code, "  let ky = group.y % {tall}u;");
    let sums: Vec<String> = (0..r * c * across).map(|i| format!("s{i}")).collect();
    for sum in &sums {
        let _ = writeln!(code, "  var {sum} = 0.0;");
    }
    let _ = writeln!(code, "  for (var i = local.x; i < p.run; i += {CREW}u) {{");
    code += "    let image = i / area;
    let spot = i - image * area;
    let row = spot / p.wide;
    let column = spot - row * p.wide;
";
    code += &walk.look(0, "iy", "row", "ky", "p.h");
    code += "    if (!iy_inside) { continue; }\n";
    for row in 0..r {
        let o = format!("(image * p.groups + g) * p.rows + min(top + {row}u, p.rows - 1u)");
        let _ = writeln!(code, "    let g{row} = aside[({o}) * area + spot];");
    }
    for column in 0..c {
        let d = format!("(image * p.groups + g) * p.depth + min(left + {column}u, p.depth - 1u)");
        let _ = writeln!(code, "    let first{column} = ({d}) * plane + iy * p.w;");
    }
    for kx in 0..across {
        code += &walk.look(1, &format!("ix{kx}"), "column", &format!("{kx}u"), "p.w");
        for column in 0..c {
            let at = format!("select(0u, first{column} + ix{kx}, ix{kx}_inside)");
            let _ = writeln!(code, "    let x{column}_{kx} = select(0.0, x[{at}], ix{kx}_inside);");
            for row in 0..r {
                let sum = &sums[(row * c + column) * across + kx];
                let _ = writeln!(code, "    {sum} = fma(g{row}, x{column}_{kx}, {sum});");
            }
        }
    }
    code += "  }\n";
    for (batch, sums) in sums.chunks(BATCH).enumerate() {
        for (i, sum) in sums.iter().enumerate() {
            let _ = writeln!(code, "  part[{}u + local.x] = {sum};", i * CREW);
        }
        let _ = writeln!(code, "  for (var apart = {}u; apart > 0u; apart /= 2u) {{", CREW / 2);
        code += "    workgroupBarrier();\n    if (local.x < apart) {\n";
        for i in 0..sums.len() {
            let at = i * CREW;
            let _ = writeln!(code, "      part[{at}u + local.x] += part[{at}u + local.x + apart];");
        }
        let _ = writeln!(code, "    }}\n  }}\n  workgroupBarrier();\n  if (local.x < {}u) {{", sums.len());
        let _ = writeln!(code, "    let sum = local.x + {}u;", batch * BATCH);
        let _ = writeln!(code, "    let o = top + sum / {}u;", c * across);
        let _ = writeln!(code, "    let d = left + sum / {across}u % {c}u;");
        code += "    if (o < p.rows && d < p.depth) {\n";
        let tap = format!("(((g * p.rows + o) * p.depth + d) * {tall}u + ky) * {across}u + sum % {across}u");
        let _ = writeln!(code, "      y[p.to + {tap}] = part[local.x * {CREW}u];\n    }}\n  }}\n  workgroupBarrier();");
    }
    code + "}\n"
}
