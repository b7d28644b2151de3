//! A small vision transformer (Dosovitskiy et al., ICLR 2021) behind a convolutional stem (Xiao et al., NeurIPS 2021).

use crate::base::Result;
use crate::graph::build::Square;
use crate::graph::op;
use crate::graph::{Builder, Graph, ValueId};

/// Sizes of a block of a transformer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    /// Features of a token.
    pub width: usize,
    /// Columns of a head.
    pub head: usize,
    /// Features within the second half.
    pub inner: usize,
    /// Whether a token sees only those before it.
    pub causal: bool,
}

const WIDTH: usize = 64;
const SIZE: Block = Block { width: WIDTH, head: 16, inner: 128, causal: false };
const DEPTH: usize = 4;

/// 49 tokens of 7 x 7 places, four blocks of four heads, the mean over tokens and a classifier.
pub(super) fn build(seed: u64) -> Result<Graph> {
    let mut b = Builder::new(&[1, 28, 28], seed);
    let mut x = b.input();
    for (name, out) in [("stem1", WIDTH / 2), ("stem2", WIDTH)] {
        x = b.conv(name, x, Square { out, kernel: 3, stride: 2, pad: 1 }, false)?;
        x = b.batch_norm(&format!("{name}.bn"), x)?;
        if out < WIDTH {
            x = b.node(&format!("{name}.relu"), op::Relu, &[x])?;
        }
    }
    x = b.node("tokens", op::Tokens, &[x])?;
    x = b.positions("positions", x)?;
    for index in 1..=DEPTH {
        x = block(&mut b, &format!("block{index}"), x, SIZE)?;
    }
    x = b.layer_norm("norm", x)?;
    x = b.node("mean", op::TokenMean, &[x])?;
    let y = b.glorot_linear("fc", x, 10)?;
    Ok(b.finish(y))
}

/// Attention, then two layers over each token, both beside the stream that they are added to.
pub(super) fn block(b: &mut Builder, name: &str, x: ValueId, size: Block) -> Result<ValueId> {
    let Block { width, head, inner, causal } = size;
    let normed = b.layer_norm(&format!("{name}.norm1"), x)?;
    let mut three = [0; 3];
    for (value, part) in three.iter_mut().zip(["q", "k", "v"]) {
        *value = b.glorot_linear(&format!("{name}.{part}"), normed, width)?;
    }
    let mixed = b.node(&format!("{name}.attention"), op::Attention { head, causal }, &three)?;
    let mixed = b.glorot_linear(&format!("{name}.proj"), mixed, width)?;
    let x = b.node(&format!("{name}.add1"), op::Add, &[mixed, x])?;
    let normed = b.layer_norm(&format!("{name}.norm2"), x)?;
    let up = b.glorot_linear(&format!("{name}.up"), normed, inner)?;
    let up = b.node(&format!("{name}.relu"), op::Relu, &[up])?;
    let down = b.glorot_linear(&format!("{name}.down"), up, width)?;
    b.node(&format!("{name}.add2"), op::Add, &[down, x])
}
