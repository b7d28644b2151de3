//! Removing channels and branches for real: a smaller dense network from the units that stay.

use ndarray::Axis;

use crate::base::{Error, Result, tensor};

use super::bypass;
use super::couple::Unit;
use super::mask::zero;
use super::{Graph, ValueId};

/// The network without some units. Parameters lose the units' slices; shapes are worked out anew.
///
/// # Errors
/// When nothing would be left of an axis; the message names the parameter.
pub fn without(graph: &Graph, removed: &[&Unit]) -> Result<Graph> {
    // By value and axis: which places are gone. Few are; lists are enough.
    let mut gone: Vec<Vec<Vec<usize>>> = graph.values.iter().map(|value| vec![Vec::new(); value.shape.len()]).collect();
    for &(id, axis, index) in removed.iter().filter(|unit| unit.bypass.is_none()).flat_map(|unit| &unit.slices) {
        gone[id][axis].push(index);
    }
    let mut out = graph.clone();
    bypass::leave_out(&mut out, &removed.iter().filter_map(|unit| unit.bypass).collect::<Vec<_>>());
    for (value, axes) in out.values.iter_mut().zip(gone) {
        for (axis, gone) in axes.into_iter().enumerate().filter(|(_, gone)| !gone.is_empty()) {
            let Some(data) = &mut value.data else { continue };
            let stay: Vec<usize> = (0..data.shape()[axis]).filter(|i| !gone.contains(i)).collect();
            if stay.is_empty() {
                return Err(Error::unsupported(format!("{} would lose its last channel", value.name))
                    .hint("lower the sparsity, or raise min_keep"));
            }
            *data = tensor::pick(data, axis, &stay)?;
        }
    }
    out.infer()?;
    Ok(out)
}

/// Sets every slice of some units to zero: the network then behaves as if they were removed.
///
/// # Errors
/// When a slice is not of a parameter.
pub fn silence(graph: &mut Graph, removed: &[&Unit]) -> Result<()> {
    for &(id, axis, index) in removed.iter().flat_map(|unit| &unit.slices) {
        graph.data_mut(id)?.index_axis_mut(Axis(axis), index).fill(0.0);
    }
    Ok(())
}

/// Calls `f(position)` for each flat position of a slice (axis, index) of a shape.
pub fn positions(shape: &[usize], axis: usize, index: usize, mut f: impl FnMut(usize)) {
    let inner: usize = shape[axis + 1..].iter().product();
    let outer: usize = shape[..axis].iter().product();
    for o in 0..outer {
        let start = (o * shape[axis] + index) * inner;
        (start..start + inner).for_each(&mut f);
    }
}

/// Zeroes what a mask cuts, in a graph of its own.
///
/// # Errors
/// When the value is not a parameter.
pub fn zeroed(graph: &mut Graph, id: ValueId, mask: &[u8]) -> Result<()> {
    zero(graph.data_mut(id)?, mask);
    Ok(())
}
