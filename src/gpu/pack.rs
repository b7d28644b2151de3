//! Weights in the form that the row kernels read.

use crate::compile::lower::Weighted;

/// Blocks of rows with their taps; see [`super::wgsl::rows`].
#[derive(Clone, Debug, PartialEq)]
pub struct GpuBlocks {
    /// Blocks.
    pub blocks: usize,
    /// First taps of the blocks, one more, then offsets.
    pub table: Vec<u32>,
    /// Weights of the taps, zeros that fill blocks up among them.
    pub weights: Vec<f32>,
    /// Whether all blocks share one list of offsets.
    pub alike: bool,
}

impl GpuBlocks {
    /// Packs a layer whose row o has the taps `offsets(o)`; with `skip`, taps are left out where a block is zero.
    pub fn new<'a>(w: &Weighted, height: usize, skip: bool, offsets: impl Fn(usize) -> &'a [u32]) -> Self {
        let rows = w.bias.len();
        let depth = w.weights.len() / rows.max(1);
        let alike = !skip && (0..rows).all(|o| std::ptr::eq(offsets(o), offsets(0)));
        let (mut starts, mut taps, mut weights) = (vec![0], Vec::new(), Vec::new());
        for top in (0..rows).step_by(height) {
            let at = |r: usize, t: usize| if top + r < rows { w.weights[(top + r) * depth + t] } else { 0.0 };
            for (t, &offset) in offsets(top).iter().enumerate() {
                if skip && (0..height).all(|r| at(r, t) == 0.0) {
                    continue;
                }
                if !alike || top == 0 {
                    taps.push(offset);
                }
                weights.extend((0..height).map(|r| at(r, t)));
            }
            starts.push((weights.len() / height) as u32);
        }
        Self { blocks: starts.len() - 1, table: [starts, taps].concat(), weights, alike }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let w = Weighted {
            weights: vec![1.0, 0.0, 2.0, 0.0, 0.0, 3.0, 4.0, 0.0, 0.0],
            bias: vec![0.1, 0.2, 0.3],
            clamp: [0.0, 1.0],
            rule: None,
        };
        let offsets = [5, 6, 7];
        let sparse = GpuBlocks::new(&w, 2, true, |_| &offsets);
        assert_eq!(sparse.table, [0, 2, 3, 5, 7, 5]);
        assert_eq!(sparse.weights, [1.0, 0.0, 2.0, 3.0, 4.0, 0.0]);
        let dense = GpuBlocks::new(&w, 2, false, |_| &offsets);
        assert!(dense.alike && dense.table == [0, 3, 6, 5, 6, 7] && dense.weights.len() == 12);
    }
}
