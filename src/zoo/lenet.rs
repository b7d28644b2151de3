//! LeNet-300-100 and LeNet-5 (LeCun et al., Proc. IEEE 1998), the latter in the ReLU form that pruning papers use.

use crate::base::Result;
use crate::graph::build::Square;
use crate::graph::op::{self, Window};
use crate::graph::{Builder, Graph};

/// 784-300-100-10.
pub(super) fn mlp(seed: u64) -> Result<Graph> {
    let mut b = Builder::new(&[1, 28, 28], seed);
    let mut x = b.node("flatten", op::Flatten, &[b.input()])?;
    for (name, width) in [("fc1", 300), ("fc2", 100)] {
        x = b.linear(name, x, width)?;
        x = b.node(&format!("{name}.relu"), op::Relu, &[x])?;
    }
    x = b.linear("fc3", x, 10)?;
    Ok(b.finish(x))
}

/// conv 20, pool, conv 50, pool, 500, 10.
pub(super) fn five(seed: u64) -> Result<Graph> {
    let mut b = Builder::new(&[1, 28, 28], seed);
    let mut x = b.input();
    for (i, out) in [(1, 20), (2, 50)] {
        x = b.conv(&format!("conv{i}"), x, Square { out, kernel: 5, stride: 1, pad: 0 }, true)?;
        x = b.node(&format!("conv{i}.relu"), op::Relu, &[x])?;
        x = b.node(&format!("pool{i}"), op::MaxPool { window: Window::square(2) }, &[x])?;
    }
    x = b.node("flatten", op::Flatten, &[x])?;
    x = b.linear("fc1", x, 500)?;
    x = b.node("fc1.relu", op::Relu, &[x])?;
    x = b.linear("fc2", x, 10)?;
    Ok(b.finish(x))
}
