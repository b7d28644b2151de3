//! Where a value lies, and how it comes there and back.

use std::borrow::Cow;

use crate::base::Shape;
use crate::kernel::flat::{self, Layout};
use crate::kernel::lines::Lines;
use crate::kernel::rows;

use super::buffer::Buffer;
use super::quant::Quant;

/// [N, a, b] to [N, b, a].
fn turn(from: &[f32], [a, b]: [usize; 2], to: &mut [f32]) {
    for (from, to) in from.chunks(a * b).zip(to.chunks_mut(a * b)) {
        rows::turn(from, to, [a, b], [b, a]);
    }
}

/// Where a value lies.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// Planes of pixels; for [N, F] every feature is a plane with the batch as its pixels.
    Flat {
        /// Channels, or features.
        channels: usize,
        /// Rows and columns of the pixels.
        size: [usize; 2],
        /// Where they lie.
        layout: Layout,
        /// Whether the pixels are tokens, which row-major numbers have before the features: [N, T, D].
        tokens: bool,
        /// What they stand for, if they are bytes.
        quant: Option<Quant>,
    },
    /// One example's features side by side.
    Vector(usize),
    /// Row-major, for operators that run themselves.
    Plain(Shape),
}

impl Place {
    /// What its bytes stand for, if they are bytes.
    pub fn quant(&self) -> Option<Quant> {
        if let Self::Flat { quant, .. } = self { *quant } else { None }
    }

    /// Numbers of its buffer.
    pub fn size(&self) -> usize {
        match self {
            Self::Flat { channels, layout, .. } => flat::size(*channels, layout),
            Self::Vector(n) => *n,
            Self::Plain(shape) => shape.iter().product(),
        }
    }

    /// Numbers of the value itself, without gaps.
    pub fn numbers(&self) -> usize {
        match self {
            Self::Flat { channels, size: [h, w], layout, .. } => layout.n * channels * h * w,
            Self::Vector(n) => *n,
            Self::Plain(shape) => shape.iter().product(),
        }
    }

    /// The shape of the value as a tensor; features have no rows and columns.
    pub fn shape(&self, batch: usize) -> Shape {
        match self {
            Self::Flat { channels, size: [h, w], layout, tokens: true, .. } => vec![layout.n, h * w, *channels],
            Self::Flat { channels, size: [1, 1], layout, .. } if layout.pitch * layout.rows == 1 => {
                vec![layout.n, *channels]
            }
            Self::Flat { channels, size: [h, w], layout, .. } => vec![layout.n, *channels, *h, *w],
            Self::Vector(n) => vec![batch, *n],
            Self::Plain(shape) => shape.clone(),
        }
    }

    /// Whether two places can share a buffer: the same pixels and gaps.
    pub fn alike(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Flat { size, layout, quant, .. }, Self::Flat { size: s, layout: l, quant: q, .. }) => {
                // Gaps hold the byte of zero.
                (size, layout, quant.map(|q| q.zero)) == (s, l, q.map(|q| q.zero))
            }
            (Self::Vector(_), Self::Vector(_)) => true,
            _ => false,
        }
    }

    /// A buffer for the value, and others alike: its gaps are zero.
    pub fn buffer(&self, size: usize) -> Buffer {
        match self {
            Self::Flat { quant: Some(quant), .. } => Buffer::Bytes(Lines::filled(quant.zero, size)),
            _ => Buffer::Floats(Lines::filled(0.0, size)),
        }
    }

    /// Writes row-major numbers [N, ...] to where they lie.
    pub fn scatter(&self, from: &[f32], to: &mut Buffer) {
        let from = &*self.as_images(from);
        match (self, to) {
            (Self::Flat { channels, size: [h, w], layout, quant, .. }, Buffer::Bytes(to)) => {
                let bytes: Vec<u8> = quant.map_or(vec![], |quant| from.iter().map(|&x| quant.byte(x)).collect());
                flat::split(&bytes, [*channels, *h, *w], [1, 1], layout, to);
            }
            (_, to) => self.lay_images(from, to.floats()),
        }
    }

    /// [`Self::scatter`] to numbers.
    pub fn lay(&self, from: &[f32], to: &mut [f32]) {
        self.lay_images(&self.as_images(from), to);
    }

    /// Row-major numbers [N, T, D] of tokens as those of images [N, D, T]; others as they are.
    fn as_images<'a>(&self, from: &'a [f32]) -> Cow<'a, [f32]> {
        match self {
            Self::Flat { channels, size: [h, w], tokens: true, .. } => {
                let mut turned = from.to_vec();
                turn(from, [h * w, *channels], &mut turned);
                Cow::Owned(turned)
            }
            _ => Cow::Borrowed(from),
        }
    }

    fn lay_images(&self, from: &[f32], to: &mut [f32]) {
        match self {
            Self::Flat { channels, size: [h, w], layout, .. } => {
                flat::split(from, [*channels, *h, *w], [1, 1], layout, to);
            }
            _ => to[..from.len()].copy_from_slice(from),
        }
    }

    /// Reads row-major numbers [N, ...] from where they lie.
    pub fn gather(&self, from: &[f32], to: &mut [f32]) {
        match self {
            Self::Flat { channels, size: [h, w], layout, tokens, .. } => {
                flat::join(from, [*channels, *h, *w], [1, 1], layout, to);
                if *tokens {
                    let images = to.to_vec();
                    turn(&images, [*channels, h * w], to);
                }
            }
            Self::Vector(_) | Self::Plain(_) => to.copy_from_slice(&from[..to.len()]),
        }
    }

    /// 1 for pixels and 0 for gaps over the run; empty where there are no gaps.
    pub fn mask(&self) -> Lines<f32> {
        let Self::Flat { size: [h, w], layout, .. } = self else { return Lines::default() };
        if (layout.rows, layout.pitch) == (*h, *w) {
            return Lines::default();
        }
        let mut mask = Lines::filled(0.0, layout.run().next_multiple_of(flat::SLACK));
        for (image, y) in (0..layout.n).flat_map(|i| (0..*h).map(move |y| (i, y))) {
            let start = layout.row(image, y) - layout.lead;
            mask[start..start + w].fill(1.0);
        }
        mask
    }
}
