//! The geometry of a convolution: its sizes, and where its taps lie in the flat layout.

use super::flat::{self, Layout};

/// The sizes of one convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Images in the batch.
    pub n: usize,
    /// Input channels.
    pub c: usize,
    /// Input rows and columns.
    pub size: [usize; 2],
    /// Output channels.
    pub o: usize,
    /// Kernel rows and columns.
    pub kernel: [usize; 2],
    /// Step between outputs.
    pub stride: [usize; 2],
    /// Zeros around the input.
    pub pad: [usize; 2],
    /// Step between taps.
    pub dilation: [usize; 2],
    /// Groups of channels that do not see each other.
    pub groups: usize,
}

impl Geometry {
    /// A linear layer over a batch: a 1x1 convolution whose pixels are the examples.
    pub fn linear(n: usize, c: usize, o: usize) -> Self {
        let (one, none) = ([1, 1], [0, 0]);
        Self { n, c, size: one, o, kernel: one, stride: one, pad: none, dilation: one, groups: 1 }
    }

    /// Output rows and columns; zero where the kernel does not fit.
    pub fn out(&self) -> [usize; 2] {
        std::array::from_fn(|a| {
            let reach = self.dilation[a] * (self.kernel[a] - 1) + 1;
            (self.size[a] + 2 * self.pad[a] + 1).saturating_sub(reach).div_ceil(self.stride[a])
        })
    }

    /// Taps of a filter: kernel rows times columns.
    pub fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Weights of a filter.
    pub fn depth(&self) -> usize {
        self.c / self.groups * self.taps()
    }

    /// Output pixels of a channel.
    pub fn pixels(&self) -> usize {
        self.out()[0] * self.out()[1]
    }

    /// Channels of a group: inputs and outputs.
    pub fn group(&self) -> (usize, usize) {
        (self.c / self.groups, self.o / self.groups)
    }

    /// Taps (c, ky, kx) of group g, in the order of the weights.
    fn each_tap(&self, g: usize) -> impl Iterator<Item = (usize, usize, usize)> {
        let (cg, [kh, kw]) = (self.group().0, self.kernel);
        (0..cg * kh * kw).map(move |t| (g * cg + t / (kh * kw), t / kw % kh, t % kw))
    }

    /// Columns of a panel: taps whose inputs the first cache holds while all rows pass over a tile of pixels, as long as
    /// rows with so many `taps` keep enough in each panel to be worth the way to y and back.
    pub fn panel(&self, l: &Layout, taps: usize) -> usize {
        let along = TILE + (self.kernel[1] - 1) * self.dilation[1] + flat::SLACK;
        let apart = self.kernel[0] * along;
        let joined = along + (self.kernel[0] - 1) * self.dilation[0] * l.pitch;
        let channels = self.c / self.groups;
        let panels = channels.div_ceil((PANEL / apart.min(joined)).max(1)).min(taps / LEAST);
        channels.div_ceil(panels.max(1)) * self.taps()
    }

    /// Where the taps of group g lie.
    pub fn offsets(&self, l: &Layout, g: usize) -> Vec<u32> {
        self.each_tap(g).map(|(c, ky, kx)| self.offset(l, c, ky, kx) as u32).collect()
    }

    /// The reach of the taps along rows (0) or columns (1).
    pub fn reach(&self, axis: usize) -> Reach {
        let (stride, size) = (self.stride[axis], self.size[axis]);
        let (low, high) = (self.shift(axis, 0).0, self.shift(axis, self.kernel[axis] - 1).0);
        let (out, phase) = (self.out()[axis] as isize, size.div_ceil(stride) as isize);
        let extent = out.max(out + high).max(phase - low).max(phase) as usize;
        Reach { low, high, extent }
    }

    /// Tap k of an axis as (steps of the stride, phase).
    pub fn shift(&self, axis: usize, k: usize) -> (isize, usize) {
        let at = (k * self.dilation[axis]) as isize - self.pad[axis] as isize;
        let stride = self.stride[axis] as isize;
        (at.div_euclid(stride), at.rem_euclid(stride) as usize)
    }

    /// The layout in which the input is read; the output comes out with the same pitch and rows.
    pub fn layout(&self) -> Layout {
        let (pitch, rows) = (self.reach(1).extent, self.reach(0).extent);
        let [before, after] = self.around(pitch);
        Layout::new(self.n, pitch, rows, before, after)
    }

    /// Pixels that the taps reach before the first output and after the last, for a pitch.
    pub fn around(&self, pitch: usize) -> [usize; 2] {
        let (y, x) = (self.reach(0), self.reach(1));
        let reach = |dy: isize, dx: isize| dy * pitch as isize + dx;
        [(-reach(y.low, x.low)).max(0) as usize, reach(y.high, x.high).max(0) as usize]
    }

    /// Planes of the input: channels times phases.
    pub fn planes(&self) -> usize {
        self.c * self.stride[0] * self.stride[1]
    }

    /// Where tap (c, ky, kx) of output pixel 0 lies in a layout, for channel c of the input. It is negative only if `lead` is too small.
    pub fn offset(&self, l: &Layout, c: usize, ky: usize, kx: usize) -> usize {
        let ((dy, py), (dx, px)) = (self.shift(0, ky), self.shift(1, kx));
        let plane = (py * self.stride[1] + px) * self.c + c;
        ((plane * l.plane + l.lead) as isize + dy * l.pitch as isize + dx) as usize
    }
}

/// How far the taps of one axis reach, in steps of the stride, and what follows for the layout.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// Furthest step back, zero or negative where there is padding.
    pub low: isize,
    /// Furthest step ahead.
    pub high: isize,
    /// Least distance from one image or row to the next.
    pub extent: usize,
}

/// Numbers of input that stay in the first cache, and pixels of a wide tile.
const PANEL: usize = 6 * 1024;
const TILE: usize = 48;
/// Taps of a row in a panel.
const LEAST: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Geometry = Geometry {
        n: 2,
        c: 3,
        size: [5, 4],
        o: 1,
        kernel: [3, 3],
        stride: [1, 1],
        pad: [1, 1],
        dilation: [1, 1],
        groups: 1,
    };

    #[test]
    fn a_3x3_convolution_needs_one_zero_between_rows() {
        let v = SMALL;
        let l = v.layout();
        assert_eq!((l.pitch, l.rows, l.lead, l.run()), (5, 6, 16, 60));
        assert_eq!(v.offset(&l, 0, 1, 1), l.lead);
        assert_eq!(v.offset(&l, 1, 0, 0), l.plane + l.lead - 6);
    }

    #[test]
    fn split_and_join_are_inverse() {
        for stride in [[1, 1], [2, 2], [2, 1]] {
            let v = Geometry { c: 2, size: [5, 7], stride, ..SMALL };
            let l = v.layout();
            let x: Vec<f32> = (0..2 * 2 * 35).map(|i| i as f32 + 1.0).collect();
            let mut planes = vec![0.0; v.planes() * l.plane];
            flat::split(&x, [2, 5, 7], stride, &l, &mut planes);
            let mut back = vec![0.0; x.len()];
            flat::join(&planes, [2, 5, 7], stride, &l, &mut back);
            assert_eq!(x, back, "{stride:?}");
        }
    }
}
