//! A small VGG (Simonyan and Zisserman, ICLR 2015) with batch norm: 2 x 32, 2 x 64, 2 x 128 channels.

use crate::base::Result;
use crate::graph::build::Square;
use crate::graph::op::{self, Window};
use crate::graph::{Builder, Graph};

/// The network.
pub(super) fn build(seed: u64) -> Result<Graph> {
    let mut b = Builder::new(&[1, 28, 28], seed);
    let mut x = b.input();
    for (stage, out) in [(1, 32), (2, 64), (3, 128)] {
        for index in 1..=2 {
            let name = format!("conv{stage}_{index}");
            x = b.conv(&name, x, Square { out, kernel: 3, stride: 1, pad: 1 }, false)?;
            x = b.batch_norm(&format!("{name}.bn"), x)?;
            x = b.node(&format!("{name}.relu"), op::Relu, &[x])?;
        }
        if stage < 3 {
            x = b.node(&format!("pool{stage}"), op::MaxPool { window: Window::square(2) }, &[x])?;
        }
    }
    let y = super::head(&mut b, x, 10)?;
    Ok(b.finish(y))
}
