//! A small language model over characters: a transformer that sees what came before (Vaswani et al., NeurIPS 2017), with norms in
//! front (Radford et al., 2019).

use crate::base::Result;
use crate::graph::{Builder, Graph};

use super::vit::{Block, block};

/// Characters of a window and of the alphabet.
pub(super) const WINDOW: usize = 64;
pub(super) const CHARACTERS: usize = 80;

const SIZE: Block = Block { width: 64, head: 16, inner: 256, causal: true };
const DEPTH: usize = 4;

/// Four blocks over 64 characters; for each an answer which comes next.
pub(super) fn build(seed: u64) -> Result<Graph> {
    let mut b = Builder::new(&[WINDOW], seed);
    let mut x = b.embedding("embedding", b.input(), [CHARACTERS, SIZE.width])?;
    x = b.positions("positions", x)?;
    for index in 1..=DEPTH {
        x = block(&mut b, &format!("block{index}"), x, SIZE)?;
    }
    x = b.layer_norm("norm", x)?;
    let y = b.glorot_linear("fc", x, CHARACTERS)?;
    Ok(b.finish(y))
}
