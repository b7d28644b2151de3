//! Gradients of a convolution.

use super::inner::Inner;
use super::{SPARSE, multiply, output, parts, scratch};
use crate::kernel::flat::{self, Layout};
use crate::kernel::geometry::Geometry;
use crate::kernel::simd::widest;
use crate::kernel::store::Planes;

/// dx = the gradient of the input from `dy`, overwritten: for each phase of the stride a convolution of dy with its taps.
pub fn backward_input(v: &Geometry, w: &[f32], dy: &[f32], dx: &mut [f32]) {
    parts(v).for_each(|(part, ins, outs)| backward_input_part(&part, w, &dy[outs..], &mut dx[ins..]));
}

fn backward_input_part(v: &Geometry, w: &[f32], dy: &[f32], dx: &mut [f32]) {
    let l = v.layout();
    let (cg, og) = v.group();
    // dy is read at minus the taps' shifts, so the zeros around it are those of x mirrored.
    let reach = l.plane - l.run();
    let ins = Layout::new(v.n, l.pitch, l.rows, reach, reach);
    let out = output(v, &l);
    let [oh, ow] = v.out();
    scratch([flat::size(v.o, &ins), flat::size(v.planes(), &out)], |dys, dxs| {
        flat::split(dy, [v.o, oh, ow], [1, 1], &ins, dys);
        for (g, phase) in (0..v.groups).flat_map(|g| (0..v.stride[0] * v.stride[1]).map(move |p| (g, p))) {
            // Taps of the first channel of the group that fall into this phase, as (tap, shift).
            let plane = (phase * v.c + g * cg) * l.plane;
            let taps: Vec<(usize, isize)> = (0..v.taps())
                .filter_map(|t| {
                    let at = v.offset(&l, g * cg, t / v.kernel[1], t % v.kernel[1]) as isize;
                    let shift = at - (plane + l.lead) as isize;
                    (in_phase(v, phase, t)).then_some((t, shift))
                })
                .collect();
            let mut offsets = Vec::with_capacity(og * taps.len());
            let mut weights = vec![0.0; cg * og * taps.len()];
            for o in 0..og {
                for (i, &(t, shift)) in taps.iter().enumerate() {
                    offsets.push((((g * og + o) * ins.plane + ins.lead) as isize - shift) as u32);
                    for c in 0..cg {
                        weights[(c * og + o) * taps.len() + i] = w[((g * og + o) * cg + c) * v.taps() + t];
                    }
                }
            }
            let to = Planes { lead: (phase * v.c + g * cg) * out.plane, plane: out.plane };
            multiply(&weights, &offsets, dys, dxs, to, out.run());
        }
        flat::join(dxs, [v.c, v.size[0], v.size[1]], v.stride, &out, dx);
    });
}

/// Whether tap t reads phase `phase` of the input.
fn in_phase(v: &Geometry, phase: usize, t: usize) -> bool {
    let of = |axis: usize, k: usize| {
        ((k * v.dilation[axis]) as isize - v.pad[axis] as isize).rem_euclid(v.stride[axis] as isize) as usize
    };
    of(0, t / v.kernel[1]) * v.stride[1] + of(1, t % v.kernel[1]) == phase
}

/// dw = the gradient of the weights from `dy`, overwritten: inner products of runs. Where a mask is given, weights that it
/// cuts get none.
pub fn backward_weight(v: &Geometry, x: &[f32], dy: &[f32], dw: &mut [f32], mask: Option<&[u8]>) {
    dw.fill(0.0);
    let kept = |mask: &&[u8]| (mask.iter().filter(|&&m| m == 1).count() as f64) < SPARSE * dw.len() as f64;
    let mask = mask.filter(kept);
    parts(v).for_each(|(part, ins, outs)| backward_weight_part(&part, &x[ins..], &dy[outs..], dw, mask));
}

fn backward_weight_part(v: &Geometry, x: &[f32], dy: &[f32], dw: &mut [f32], mask: Option<&[u8]>) {
    let l = v.layout();
    let out = output(v, &l);
    let ([oh, ow], (_, og)) = (v.out(), v.group());
    scratch([flat::size(v.planes(), &l), flat::size(v.o, &out)], |xs, dys| {
        flat::split(x, [v.c, v.size[0], v.size[1]], v.stride, &l, xs);
        flat::split(dy, [v.o, oh, ow], [1, 1], &out, dys);
        for g in 0..v.groups {
            let offsets = v.offsets(&l, g);
            let dys = &dys[g * og * out.plane..];
            let own = g * og * v.depth()..(g + 1) * og * v.depth();
            let mask = mask.map(|mask| &mask[own.clone()]);
            let dw = &mut dw[own];
            widest(Inner { xs, dys, plane: out.plane, run: out.run(), offsets: &offsets, rows: og, dw, mask });
        }
    });
}
