//! A small MobileNet (Howard et al., 2017): depthwise 3x3 and pointwise 1x1 layers in turn, with ReLU6.

use crate::base::Result;
use crate::graph::build::Square;
use crate::graph::op;
use crate::graph::{Builder, Graph, ValueId};

/// (output channels, stride) of each depthwise-pointwise pair.
const PAIRS: [(usize, usize); 6] = [(32, 1), (64, 2), (64, 1), (128, 2), (128, 1), (128, 1)];

/// The network.
pub(super) fn build(seed: u64) -> Result<Graph> {
    let mut b = Builder::new(&[1, 28, 28], seed);
    let mut x = b.input();
    x = b.conv("conv1", x, Square { out: 24, kernel: 3, stride: 1, pad: 1 }, false)?;
    x = finish(&mut b, "conv1", x)?;
    for (index, (out, stride)) in PAIRS.into_iter().enumerate() {
        let (depth, point) = (format!("pair{}.dw", index + 1), format!("pair{}.pw", index + 1));
        let channels = b.shape(x)[1];
        x = b.depthwise(&depth, x, Square { out: channels, kernel: 3, stride, pad: 1 })?;
        x = finish(&mut b, &depth, x)?;
        x = b.conv(&point, x, Square { out, kernel: 1, stride: 1, pad: 0 }, false)?;
        x = finish(&mut b, &point, x)?;
    }
    let y = super::head(&mut b, x, 10)?;
    Ok(b.finish(y))
}

/// Batch norm and ReLU6.
fn finish(b: &mut Builder, name: &str, x: ValueId) -> Result<ValueId> {
    let x = b.batch_norm(&format!("{name}.bn"), x)?;
    b.node(&format!("{name}.relu"), op::Relu6, &[x])
}
