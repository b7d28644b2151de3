//! Residual networks for small images (He et al., CVPR 2016): a stem, then three stages of doubling width.

use crate::base::Result;
use crate::graph::build::Square;
use crate::graph::op;
use crate::graph::{Builder, Graph, ValueId};

/// Stages of `width`, 2 `width` and 4 `width` channels, `blocks` blocks each.
pub(super) fn build(seed: u64, width: usize, blocks: usize) -> Result<Graph> {
    let mut b = Builder::new(&[1, 28, 28], seed);
    let mut x = b.input();
    x = layer(&mut b, "conv1", x, Square { out: width, kernel: 3, stride: 1, pad: 1 })?;
    x = b.node("conv1.relu", op::Relu, &[x])?;
    for stage in 0..3 {
        for index in 0..blocks {
            let stride = if stage > 0 && index == 0 { 2 } else { 1 };
            x = block(&mut b, &format!("block{}_{}", stage + 1, index + 1), x, width << stage, stride)?;
        }
    }
    let y = super::head(&mut b, x, 10)?;
    Ok(b.finish(y))
}

/// Convolution and batch norm.
fn layer(b: &mut Builder, name: &str, x: ValueId, square: Square) -> Result<ValueId> {
    let y = b.conv(name, x, square, false)?;
    b.batch_norm(&format!("{name}.bn"), y)
}

/// Two 3x3 layers beside the input, which a 1x1 layer adapts where shapes differ.
fn block(b: &mut Builder, name: &str, x: ValueId, out: usize, stride: usize) -> Result<ValueId> {
    let square = |kernel, stride| Square { out, kernel, stride, pad: kernel / 2 };
    let mut y = layer(b, &format!("{name}.conv1"), x, square(3, stride))?;
    y = b.node(&format!("{name}.relu1"), op::Relu, &[y])?;
    y = layer(b, &format!("{name}.conv2"), y, square(3, 1))?;
    let aside =
        if stride == 1 && b.shape(x)[1] == out { x } else { layer(b, &format!("{name}.short"), x, square(1, stride))? };
    let sum = b.node(&format!("{name}.add"), op::Add, &[y, aside])?;
    b.node(&format!("{name}.relu2"), op::Relu, &[sum])
}
