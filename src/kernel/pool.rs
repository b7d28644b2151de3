//! Pooling and elementwise work on flat planes.

use super::flat::Layout;

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
pub struct Window {
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
pub fn pool(w: &Window, channels: usize, x: &[f32], from: Image, y: &mut [f32], to: Image) {
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
                    line(w, row, kx, out);
                }
            }
            if let Some(border) = w.mean {
                for (ox, y) in out.iter_mut().enumerate() {
                    let columns =
                        (0..w.kernel[1]).filter(|kx| (ox * w.stride[1] + kx).wrapping_sub(w.pad[1]) < wide).count();
                    *y *= if border { 1.0 / all } else { 1.0 / (seen * columns).max(1) as f32 };
                }
            }
        }
    }
}

/// [`pool`] on bytes, whose means are rounded to the nearest byte, a half up. A border is not counted.
pub fn bytes(w: &Window, channels: usize, x: &[u8], from: Image, y: &mut [u8], to: Image) {
    let ([h, wide], [oh, ow]) = (from.size, to.size);
    let inside = |o: usize, axis: usize, end: usize| {
        let first = (o * w.stride[axis]).saturating_sub(w.pad[axis]);
        first..(o * w.stride[axis] + w.kernel[axis]).saturating_sub(w.pad[axis]).min(end)
    };
    for (c, image) in (0..channels).flat_map(|c| (0..from.layout.n).map(move |i| (c, i))) {
        let plane = &x[c * from.layout.plane..];
        for (oy, ox) in (0..oh).flat_map(|oy| (0..ow).map(move |ox| (oy, ox))) {
            let (rows, columns) = (inside(oy, 0, h), inside(ox, 1, wide));
            let pixels = rows.clone().flat_map(|iy| {
                let row = from.layout.row(image, iy);
                &plane[row + columns.start..row + columns.end]
            });
            let seen = (rows.len() * columns.len()).max(1) as u32;
            y[c * to.layout.plane + to.layout.row(image, oy) + ox] = match w.mean {
                None => pixels.copied().max().unwrap_or(0),
                Some(_) => ((pixels.map(|&q| u32::from(q)).sum::<u32>() + seen / 2) / seen) as u8,
            };
        }
    }
}

/// Takes column kx of every window of a row into the outputs.
fn line(w: &Window, row: &[f32], kx: usize, out: &mut [f32]) {
    let mean = w.mean.is_some();
    let take = |y: &mut f32, x: f32| {
        *y = if mean {
            *y + x
        } else if x > *y {
            x
        } else {
            *y
        }
    };
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

/// Mean of the pixels of every channel and image: calls `f(channel, image, mean)`.
pub fn means(channels: usize, x: &[f32], from: Image, mut f: impl FnMut(usize, usize, f32)) {
    let [h, w] = from.size;
    for c in 0..channels {
        for image in 0..from.layout.n {
            let rows = (0..h).map(|y| {
                let start = c * from.layout.plane + from.layout.row(image, y);
                x[start..start + w].iter().sum::<f32>()
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
