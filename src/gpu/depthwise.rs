//! Rows that read one input channel each, on the GPU: depthwise convolutions, and the first of a network on grey images.
//!
//! Which pixels such a row reads is known when the kernel is made, so there is no list of taps and no loop. An invocation
//! takes pixels below each other: a row of the input that several of them read is loaded once.

use std::fmt::Write;

use crate::kernel::geometry::Geometry;

use super::precision::Precision;
use super::wgsl::{HEAD, PUT, SHORT, params};

/// Taps of a kernel that is written out, at most.
pub const MOST: usize = 49;

/// Where a tap lies from the output pixel on: phase, rows, columns.
type Spot = (usize, isize, isize);

/// The taps of a filter, in the order of its weights.
fn taps(v: &Geometry) -> Vec<Spot> {
    let shifts = |axis: usize| (0..v.kernel[axis]).map(move |k| v.shift(axis, k));
    let each = shifts(0).flat_map(|y| shifts(1).map(move |x| (y, x)));
    each.map(|((dy, py), (dx, px))| (py * v.stride[1] + px, dy, dx)).collect()
}

/// Pixels that an invocation loads for `high` outputs below each other.
pub fn loads(v: &Geometry, high: usize) -> usize {
    let mut spots: Vec<Spot> =
        (0..high as isize).flat_map(|r| taps(v).into_iter().map(move |(phase, dy, dx)| (phase, dy + r, dx))).collect();
    spots.sort_unstable();
    spots.dedup();
    spots.len()
}

/// Invocations of a row of outputs.
pub fn invocations(span: usize, pitch: usize, high: usize) -> usize {
    span.div_ceil(pitch).div_ceil(high) * pitch
}

/// `y[o, p] = clamp(Σ w x[channel of o, p + tap] + bias + residual)`, so many pixels below each other an invocation.
///
/// `weights` holds the filters, then the bias. `start` is where channel 0 begins, `each` the distance of channels, `phase` that
/// of phases, and `times` the rows that read the same channel.
pub fn kernel(v: &Geometry, high: usize, precision: Precision) -> String {
    let mut code = params(&format!("{HEAD} start each phase times")) + PUT;
    let taps = taps(v);
    let _ = writeln!(
        code,
        "
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {{
  let row = group.y;
  let i = group.x * 64u + local.x;
  let first = i / p.pitch * p.pitch * {high}u + i % p.pitch;
  let base = i32(p.start + row / p.times * p.each + first);
  let pitch = i32(p.pitch);
  let phase = i32(p.phase);
  let bias = f32(weights[p.bias + row]);"
    );
    for (t, _) in taps.iter().enumerate() {
        let _ = writeln!(code, "  let w{t} = weights[row * {}u + {t}u];", taps.len());
    }
    let mut loaded: Vec<Spot> = Vec::new();
    for r in 0..high {
        let _ = writeln!(code, "  var s{r} = bias;");
        for (t, &(phase, dy, dx)) in taps.iter().enumerate() {
            let spot = (phase, dy + r as isize, dx);
            let at = loaded.iter().position(|known| *known == spot).unwrap_or_else(|| {
                let (at, (_, dy, _)) = (loaded.len(), spot);
                let _ = writeln!(code, "  let x{at} = x[base + {phase} * phase + ({dy}) * pitch + ({dx})];");
                loaded.push(spot);
                at
            });
            if precision == Precision::Single {
                let _ = writeln!(code, "  s{r} = fma(w{t}, x{at}, s{r});");
                continue;
            }
            let short = t / SHORT;
            let _ = match t % SHORT {
                0 => writeln!(code, "  var q{r}_{short} = w{t} * x{at};"),
                _ => writeln!(code, "  q{r}_{short} = fma(w{t}, x{at}, q{r}_{short});"),
            };
            if t % SHORT + 1 == SHORT || t + 1 == taps.len() {
                let _ = writeln!(code, "  s{r} += f32(q{r}_{short});");
            }
        }
    }
    for r in 0..high {
        let _ = writeln!(code, "  put(row, first + {r}u * p.pitch, s{r});");
    }
    code + "}\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_below_each_other_share_loads() {
        let v = |stride: usize| Geometry {
            n: 1,
            c: 2,
            size: [6, 6],
            o: 2,
            kernel: [3, 3],
            stride: [stride; 2],
            pad: [1, 1],
            dilation: [1, 1],
            groups: 2,
        };
        assert_eq!(taps(&v(1))[..2], [(0, -1, -1), (0, -1, 0)]);
        assert_eq!(taps(&v(2))[..2], [(3, -1, -1), (2, -1, 0)]);
        // Six rows of three for four outputs; with stride 2, of nine rows every second is read by two outputs.
        assert_eq!((loads(&v(1), 1), loads(&v(1), 4), loads(&v(2), 4)), (9, 18, 27));
        assert_eq!(invocations(25, 5, 4), 10);
    }
}
