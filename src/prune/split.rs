//! Which training images a run learns from, validates on and looks at.

use crate::base::Rng;

/// Training images that are never trained on: accuracy along the way is taken from them.
const HELD_OUT: usize = 500;

/// Images of one calibration batch.
pub const BATCH: usize = 32;

/// How many of some training images are trained on: the others are held out.
pub fn trained_on(images: usize) -> usize {
    images - HELD_OUT.min(images / 5)
}

/// The images that are trained on, of so many, and those held out: the same in every run.
pub fn split(images: usize) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..images).collect();
    Rng::fork(0, "validation").shuffle(&mut order);
    let held = order.split_off(trained_on(images));
    (order, held)
}

/// The images that criteria look at: so many of those that are trained on, by seed.
pub fn calibration(images: usize, most: usize, seed: u64) -> Vec<usize> {
    let (mut picks, _) = split(images);
    Rng::fork(seed, "calibration").shuffle(&mut picks);
    picks.truncate(most);
    picks
}
