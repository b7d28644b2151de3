//! Variations of training images: mirrored, and shifted by some pixels.

use crate::base::{Flat, Rng, Tensor};

/// How images are varied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Augment {
    /// Mirror half of them left to right.
    pub mirror: bool,
    /// Shift by up to this many pixels each way; what comes in is background.
    pub shift: usize,
}

impl Augment {
    /// Varies a batch [N, 1, H, W] in place.
    pub fn apply(&self, x: &mut Tensor, rng: &mut Rng) {
        if *self == Self::default() {
            return;
        }
        let (h, w) = (x.shape()[2], x.shape()[3]);
        let mut old = vec![0.0; h * w];
        for image in x.flat_mut().chunks_mut(h * w) {
            old.copy_from_slice(image);
            let mirror = self.mirror && rng.below(2) == 1;
            let [dy, dx] = [0, 0].map(|_: i32| rng.below(2 * self.shift + 1));
            // The first pixel is background in every set we have.
            let background = old[0];
            for y in 0..h {
                for x in 0..w {
                    let from = if mirror { w - 1 - x } else { x };
                    let (sy, sx) = ((y + dy).wrapping_sub(self.shift), (from + dx).wrapping_sub(self.shift));
                    image[y * w + x] = if sy < h && sx < w { old[sy * w + sx] } else { background };
                }
            }
        }
    }
}
