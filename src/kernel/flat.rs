//! The layout that makes a convolution a plain walk: every channel is one run of pixels, with zeros where images end.
//!
//! Rows of an image lie `pitch` apart and images `rows` rows apart, with just enough zeros between them that a tap which
//! leaves an image on one side meets zeros, not its neighbour. Then output pixel p of a convolution reads x[offset + p] for
//! every tap, whatever p is: no patches, no special case at borders, the same loop for 3x3, 1x1 and linear layers. What is
//! computed for the gaps is garbage and is masked or never read.
//!
//! With stride s the input is split into s x s phases (every s-th row and column); each phase is a plane of its own.

use std::ops::Range;

use super::rows::Pixel;

/// Numbers that kernels may touch past the end of a run: it is rounded up to the widest lane, which is one of bytes. Also
/// the numbers of a cache line.
pub const SLACK: usize = 16;

/// Where the pixels of a batch lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Images.
    pub n: usize,
    /// Distance between rows.
    pub pitch: usize,
    /// Rows from one image to the next.
    pub rows: usize,
    /// Zeros before the first pixel.
    pub lead: usize,
    /// Distance between planes.
    pub plane: usize,
}

impl Layout {
    /// A layout with zeros for `before` and `after` pixels around the run.
    pub fn new(n: usize, pitch: usize, rows: usize, before: usize, after: usize) -> Self {
        let (run, lead) = (n * pitch * rows, before.next_multiple_of(SLACK));
        let plane = (lead + run + after).max(lead + run.next_multiple_of(SLACK)).div_ceil(SLACK);
        // An odd number of lines: the same pixel of all channels would otherwise share few of the cache's sets.
        Self { n, pitch, rows, lead, plane: (plane | 1) * SLACK }
    }

    /// Pixels from the first to the last, gaps included.
    pub fn run(&self) -> usize {
        self.n * self.pitch * self.rows
    }

    /// Pixels from the first to the last of images with `h` rows of `w`: the run without the gaps behind the last.
    pub fn span(&self, [h, w]: [usize; 2]) -> usize {
        ((self.n - 1) * self.rows + h - 1) * self.pitch + w
    }

    /// Position of a row in its plane.
    pub fn row(&self, image: usize, y: usize) -> usize {
        self.lead + (image * self.rows + y) * self.pitch
    }
}

/// Numbers of a buffer for some planes.
pub fn size(planes: usize, l: &Layout) -> usize {
    planes * l.plane + SLACK
}

/// Copies images [N, C, H, W] into planes [phases x C], every `stride`-th row and column to a phase. `to` must hold zeros
/// outside the pixels; they stay.
pub fn split<T: Pixel>(x: &[T], size: [usize; 3], stride: [usize; 2], l: &Layout, to: &mut [T]) {
    let [c, h, w] = one_row(size, stride, l);
    phases([c, h, w], stride, l, 0..c * stride[0] * stride[1], |image, channel, y, px, start| {
        stride_copy(&x[((image * c + channel) * h + y) * w..][..w], stride[1], px, &mut to[start..]);
    });
}

/// [`split`] from planes that lie in a layout of their own, to some of the planes: `to` begins with the first of those.
pub fn resplit<T: Pixel>(
    x: &[T],
    from: &Layout,
    [c, h, w]: [usize; 3],
    stride: [usize; 2],
    l: &Layout,
    planes: Range<usize>,
    to: &mut [T],
) {
    if stride[1] == 2 {
        // All rows of an image at once: they are short, and what a call costs would weigh as much as they do.
        for (i, plane) in planes.enumerate() {
            let (phase, channel) = (plane / c, plane % c);
            let (py, px) = (phase / 2, phase % 2);
            let of = [h.saturating_sub(py).div_ceil(stride[0]), w.saturating_sub(px).div_ceil(2)];
            for image in 0..if of.contains(&0) { 0 } else { l.n } {
                let x = &x[channel * from.plane + from.row(image, py) + px..];
                T::evens(x, &mut to[i * l.plane + l.row(image, 0)..], of, [stride[0] * from.pitch, l.pitch]);
            }
        }
        return;
    }
    phases([c, h, w], stride, l, planes, |image, channel, y, px, start| {
        let row = &x[channel * from.plane + from.row(image, y)..][..w];
        stride_copy(row, stride[1], px, &mut to[start..]);
    });
}

/// The way back of [`split`]: reads the pixels of planes into images [N, C, H, W].
pub fn join<T: Pixel>(from: &[T], size: [usize; 3], stride: [usize; 2], l: &Layout, x: &mut [T]) {
    let [c, h, w] = one_row(size, stride, l);
    phases([c, h, w], stride, l, 0..c * stride[0] * stride[1], |image, channel, y, px, start| {
        let to = &mut x[((image * c + channel) * h + y) * w..][..w];
        if stride[1] == 1 {
            T::copy(&from[start..], to);
        } else {
            to[px.min(w)..].iter_mut().step_by(stride[1]).zip(&from[start..]).for_each(|(to, x)| *to = *x);
        }
    });
}

/// The size of images as it is copied: where rows follow each other without a gap, an image is one long row.
fn one_row([c, h, w]: [usize; 3], stride: [usize; 2], l: &Layout) -> [usize; 3] {
    if l.pitch == w && stride == [1, 1] { [c, 1, h * w] } else { [c, h, w] }
}

/// Calls `f(image, channel, row, column phase, where the row's phase lies)` for every row and phase of some planes, counted
/// from the first of them.
#[inline(always)]
fn phases(
    [c, h, _]: [usize; 3],
    stride: [usize; 2],
    l: &Layout,
    planes: Range<usize>,
    mut f: impl FnMut(usize, usize, usize, usize, usize),
) {
    let first = planes.start;
    for plane in planes {
        let (phase, channel) = (plane / c, plane % c);
        let (py, px) = (phase / stride[1], phase % stride[1]);
        for image in 0..l.n {
            let mut start = (plane - first) * l.plane + l.row(image, 0);
            for y in (py..h).step_by(stride[0]) {
                f(image, channel, y, px, start);
                start += l.pitch;
            }
        }
    }
}

/// Every `stride`-th number of a row from `first` on.
fn stride_copy<T: Pixel>(row: &[T], stride: usize, first: usize, to: &mut [T]) {
    let row = &row[first.min(row.len())..];
    let to = &mut to[..row.len().div_ceil(stride)];
    match stride {
        _ if to.is_empty() => {}
        1 => T::copy(row, to),
        2 => T::evens(row, to, [1, to.len()], [row.len(), to.len()]),
        _ => to.iter_mut().zip(row.iter().step_by(stride)).for_each(|(to, x)| *to = *x),
    }
}
