//! What operators of two values share: NumPy's rule of broadcasting, and its way back.

use ndarray::{Axis, IxDyn};

use super::{Error, Result, Shape, Tensor, Ties};
use crate::graph::couple::Side;

/// The shape that two shapes broadcast to.
pub(super) fn shape(a: &[usize], b: &[usize]) -> Result<Shape> {
    let rank = a.len().max(b.len());
    let at = |s: &[usize], axis: usize| (axis + s.len()).checked_sub(rank).map_or(1, |i| s[i]);
    (0..rank)
        .map(|axis| match (at(a, axis), at(b, axis)) {
            (x, y) if x == y || y == 1 => Ok(x),
            (1, y) => Ok(y),
            _ => Err(Error::shape("second operand", a, b)),
        })
        .collect()
}

/// A tensor repeated to a shape.
pub(super) fn expand(x: &Tensor, shape: &[usize]) -> Result<Tensor> {
    let view = x.broadcast(IxDyn(shape)).ok_or_else(|| Error::shape("operand", shape, x.shape()))?;
    Ok(view.as_standard_layout().into_owned())
}

/// The sum over what was repeated: a gradient brought back to the shape of its operand.
pub(super) fn reduce(mut g: Tensor, shape: &[usize]) -> Tensor {
    while g.ndim() > shape.len() {
        g = g.sum_axis(Axis(0));
    }
    for (axis, &n) in shape.iter().enumerate() {
        if n == 1 && g.shape()[axis] != 1 {
            g = g.sum_axis(Axis(axis)).insert_axis(Axis(axis));
        }
    }
    g.as_standard_layout().into_owned()
}

/// Axes that are not repeated go together; one that is repeated must stay as it is.
pub(super) fn couple(ties: &mut Ties) {
    let rank = ties.rank(Side::Out);
    for side in [Side::In(0), Side::In(1)] {
        let skip = rank - ties.rank(side);
        for axis in 0..ties.rank(side) {
            if ties.len((side, axis)) == ties.len((Side::Out, axis + skip)) {
                ties.same((side, axis), (Side::Out, axis + skip));
            }
        }
    }
}
