//! Pooling and elementwise work on flat planes.

use super::flat::Layout;
use super::rows;
use super::simd::{F32x4, Lane};

/// One plane with its size and layout.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    /// Rows and columns of the pixels.
    pub size: [usize; 2],
    /// Where they lie.
    pub layout: &'a Layout,
}

/// A window and how its pixels become one.
#[derive(Clone, Copy, Debug)]
pub struct Pooling {
    /// Rows and columns.
    pub kernel: [usize; 2],
    /// Step between outputs.
    pub stride: [usize; 2],
    /// Border around the input.
    pub pad: [usize; 2],
    /// The mean instead of the greatest; `Some(true)` counts the border too.
    pub mean: Option<bool>,
}

/// y = pool(x), plane by plane. Gaps of y are not touched.
pub fn pool(w: &Pooling, channels: usize, x: &[f32], from: Image, y: &mut [f32], to: Image) {
    if (w.kernel, w.stride, w.pad) == ([2, 2], [2, 2], [0, 0]) {
        return match w.mean {
            None => halve(channels, x, from, y, to, |[a, b, c, d]| a.max(b).max(c).max(d)),
            Some(_) => halve(channels, x, from, y, to, |[a, b, c, d]| a.add(b).add(c).add(d).mul(F32x4::splat(0.25))),
        };
    }
    let ([h, wide], [oh, ow]) = (from.size, to.size);
    let all = (w.kernel[0] * w.kernel[1]) as f32;
    for (c, image) in (0..channels).flat_map(|c| (0..from.layout.n).map(move |i| (c, i))) {
        let plane = &x[c * from.layout.plane..];
        for oy in 0..oh {
            let start = c * to.layout.plane + to.layout.row(image, oy);
            let out = &mut y[start..start + ow];
            let rows = (0..w.kernel[0]).map(|ky| (oy * w.stride[0] + ky).wrapping_sub(w.pad[0])).filter(|&iy| iy < h);
            let init = if w.mean.is_some() { 0.0 } else { f32::NEG_INFINITY };
            out.fill(init);
            let mut seen = 0;
            for iy in rows {
                seen += 1;
                let row = &plane[from.layout.row(image, iy)..][..wide];
                for kx in 0..w.kernel[1] {
                    if w.mean.is_some() {
                        line(w, row, kx, out, |y, x| *y += x);
                    } else {
                        line(w, row, kx, out, |y, x| *y = if x > *y { x } else { *y });
                    }
                }
            }
            if let Some(border) = w.mean {
                for (ox, y) in out.iter_mut().enumerate() {
                    *y *= if border { 1.0 / all } else { 1.0 / (seen * columns(w, ox, wide)).max(1) as f32 };
                }
            }
        }
    }
}

/// [`pool`] of two by two pixels that do not overlap, which is what most networks have.
#[inline(always)]
fn halve(channels: usize, x: &[f32], from: Image, y: &mut [f32], to: Image, take: impl Fn([F32x4; 4]) -> F32x4 + Copy) {
    for (c, image) in (0..channels).flat_map(|c| (0..from.layout.n).map(move |i| (c, i))) {
        let plane = &x[c * from.layout.plane..];
        for oy in 0..to.size[0] {
            let rows = [0, 1].map(|ky| &plane[from.layout.row(image, 2 * oy + ky)..][..from.size[1]]);
            let start = c * to.layout.plane + to.layout.row(image, oy);
            rows::windows(rows, &mut y[start..start + to.size[1]], take);
        }
    }
}

/// [`pool`] on bytes, whose means are rounded to the nearest byte, a half up. A border is not counted.
pub fn bytes(w: &Pooling, channels: usize, x: &[u8], from: Image, y: &mut [u8], to: Image) {
    let ([h, wide], [oh, ow]) = (from.size, to.size);
    let mut sums = vec![0u32; ow];
    for (c, image) in (0..channels).flat_map(|c| (0..from.layout.n).map(move |i| (c, i))) {
        let plane = &x[c * from.layout.plane..];
        for oy in 0..oh {
            let out = &mut y[c * to.layout.plane + to.layout.row(image, oy)..][..ow];
            let rows = (0..w.kernel[0]).map(|ky| (oy * w.stride[0] + ky).wrapping_sub(w.pad[0])).filter(|&iy| iy < h);
            let lines = rows.clone().flat_map(|iy| (0..w.kernel[1]).map(move |kx| (iy, kx)));
            let line_of = |iy: usize| &plane[from.layout.row(image, iy)..][..wide];
            if w.mean.is_none() {
                out.fill(0);
                lines.for_each(|(iy, kx)| line(w, line_of(iy), kx, out, |y, x| *y = (*y).max(x)));
                continue;
            }
            sums.fill(0);
            lines.for_each(|(iy, kx)| line(w, line_of(iy), kx, &mut sums, |y, x| *y += u32::from(x)));
            let rows = rows.count();
            for (ox, (y, sum)) in out.iter_mut().zip(&sums).enumerate() {
                let seen = (rows * columns(w, ox, wide)).max(1) as u32;
                *y = ((sum + seen / 2) / seen) as u8;
            }
        }
    }
}

/// Columns of an output's window that lie within the input.
fn columns(w: &Pooling, ox: usize, wide: usize) -> usize {
    (0..w.kernel[1]).filter(|kx| (ox * w.stride[1] + kx).wrapping_sub(w.pad[1]) < wide).count()
}

/// Takes column kx of every window of a row into the outputs.
fn line<X: Copy, Y>(w: &Pooling, row: &[X], kx: usize, out: &mut [Y], take: impl Fn(&mut Y, X)) {
    if w.pad[1] == 0 {
        out.iter_mut().zip(row[kx.min(row.len())..].iter().step_by(w.stride[1])).for_each(|(y, &x)| take(y, x));
    } else {
        for (ox, y) in out.iter_mut().enumerate() {
            if let Some(&x) = row.get((ox * w.stride[1] + kx).wrapping_sub(w.pad[1])) {
                take(y, x);
            }
        }
    }
}

/// Mean of the pixels, or of their absolute values, of every channel and image: calls `f(channel, image, mean)`.
pub fn means(channels: usize, x: &[f32], from: Image, absolute: bool, mut f: impl FnMut(usize, usize, f32)) {
    let [h, w] = from.size;
    for c in 0..channels {
        for image in 0..from.layout.n {
            let rows = (0..h).map(|y| {
                let start = c * from.layout.plane + from.layout.row(image, y);
                let row = x[start..start + w].iter();
                if absolute { row.map(|x| x.abs()).sum::<f32>() } else { row.sum::<f32>() }
            });
            f(c, image, rows.sum::<f32>() / (h * w) as f32);
        }
    }
}

/// y = clamp(a + b), number by number over whole planes.
pub fn add(a: &[f32], b: &[f32], clamp: [f32; 2], y: &mut [f32]) {
    for ((y, a), b) in y.iter_mut().zip(a).zip(b) {
        *y = (a + b).max(clamp[0]).min(clamp[1]);
    }
}
