//! The slow twins: each fast kernel has one here, written so plainly that it can be checked by eye.

use super::geometry::Geometry;

/// Calls `f(y index, x index, w index)` for every product of a convolution, in a fixed order.
fn products(v: &Geometry, mut f: impl FnMut(usize, usize, usize)) {
    let ([oh, ow], [h, w]) = (v.out(), v.size);
    let (og, cg) = (v.o / v.groups, v.c / v.groups);
    for n in 0..v.n {
        for o in 0..v.o {
            for oy in 0..oh {
                for ox in 0..ow {
                    let y = ((n * v.o + o) * oh + oy) * ow + ox;
                    for c in 0..cg {
                        for ky in 0..v.kernel[0] {
                            for kx in 0..v.kernel[1] {
                                let iy = (oy * v.stride[0] + ky * v.dilation[0]).wrapping_sub(v.pad[0]);
                                let ix = (ox * v.stride[1] + kx * v.dilation[1]).wrapping_sub(v.pad[1]);
                                if iy < h && ix < w {
                                    let x = ((n * v.c + o / og * cg + c) * h + iy) * w + ix;
                                    f(y, x, ((o * cg + c) * v.kernel[0] + ky) * v.kernel[1] + kx);
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// y = w * x.
pub fn conv(v: &Geometry, x: &[f32], w: &[f32]) -> Vec<f32> {
    let mut y = vec![0.0; v.n * v.o * v.pixels()];
    products(v, |iy, ix, iw| y[iy] += w[iw] * x[ix]);
    y
}

/// Gradients of input and weights.
pub fn conv_backward(v: &Geometry, x: &[f32], w: &[f32], dy: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let (mut dx, mut dw) = (vec![0.0; x.len()], vec![0.0; w.len()]);
    products(v, |iy, ix, iw| {
        dx[ix] += w[iw] * dy[iy];
        dw[iw] += x[ix] * dy[iy];
    });
    (dx, dw)
}

/// y = W x for W [m, k] row-major and x [k, n] row-major.
pub fn matmul(m: usize, n: usize, k: usize, w: &[f32], x: &[f32]) -> Vec<f32> {
    let mut y = vec![0.0; m * n];
    for i in 0..m {
        for j in 0..n {
            for p in 0..k {
                y[i * n + j] += w[i * k + p] * x[p * n + j];
            }
        }
    }
    y
}
