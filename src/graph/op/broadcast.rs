//! What operators of two values share: NumPy's rule of broadcasting, and its way back.

use ndarray::IxDyn;

use super::{Error, Result, Shape, Tensor, Ties};
use crate::base::{Flat, tensor};
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
pub(super) fn reduce(g: Tensor, shape: &[usize]) -> Tensor {
    if g.shape() == shape {
        return g;
    }
    let skip = g.ndim() - shape.len();
    let mut out = tensor::zeros(shape);
    let sums = out.flat_mut();
    // By axis of g: how far its places lie apart in the operand; nowhere where that is repeated.
    let mut strides = vec![0; g.ndim()];
    let mut step = 1;
    for (axis, &n) in shape.iter().enumerate().rev() {
        strides[axis + skip] = if n == 1 { 0 } else { step };
        step *= n;
    }
    let mut place = vec![0; g.ndim()];
    for &x in g.flat() {
        sums[place.iter().zip(&strides).map(|(i, stride)| i * stride).sum::<usize>()] += x;
        for axis in (0..place.len()).rev() {
            place[axis] += 1;
            if place[axis] < g.shape()[axis] {
                break;
            }
            place[axis] = 0;
        }
    }
    out
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
