//! Weights in safetensors files: F32 tensors by name, little-endian.

use std::borrow::Cow;

use ::safetensors::{Dtype, SafeTensors, View, serialize};

use crate::base::{Error, Flat, Result, tensor};
use crate::graph::Graph;

/// One tensor to write.
struct Row<'a> {
    shape: &'a [usize],
    bytes: Vec<u8>,
}

impl View for Row<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }
    fn shape(&self) -> &[usize] {
        self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// All parameters of a network, statistics included.
///
/// # Errors
/// When the names do not fit the format.
pub fn write(graph: &Graph) -> Result<Vec<u8>> {
    // The format puts them in its own order.
    let rows = graph.parameters().filter_map(|(_, value)| {
        let data = value.data.as_ref()?;
        let bytes = data.flat().iter().flat_map(|x| x.to_le_bytes()).collect();
        Some((value.name.as_str(), Row { shape: data.shape(), bytes }))
    });
    serialize(rows, None).map_err(|e| Error::format(e.to_string()))
}

/// Fills a network with the tensors of a file. Every parameter must be there, in its shape, finite; others are an error too.
///
/// # Errors
/// When the file is damaged, or is of another network; the message names the tensor.
pub fn read(graph: &mut Graph, file: &[u8]) -> Result<()> {
    let hint = "load the safetensors file that belongs to this model";
    let file = SafeTensors::deserialize(file)
        .map_err(|e| Error::format(format!("not a whole safetensors file of {} bytes: {e}", file.len())).hint(hint))?;
    if let Some(name) = file.names().into_iter().find(|name| graph.find(name).is_none()) {
        return Err(Error::format(format!("the file holds a tensor '{name}' that this model does not have")).hint(hint));
    }
    for value in graph.values.iter_mut().filter(|v| v.data.is_some()) {
        let view = file
            .tensor(&value.name)
            .map_err(|_| Error::format(format!("the file holds no tensor '{}'", value.name)).hint(hint))?;
        if view.dtype() != Dtype::F32 {
            return Err(Error::format(format!("'{}' is {:?}, not F32", value.name, view.dtype())).hint(hint));
        }
        if view.shape() != value.shape {
            return Err(Error::shape(&value.name, &value.shape, view.shape()));
        }
        let numbers = view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        value.data = Some(tensor::from_vec(&value.shape, numbers)?);
    }
    graph.check_finite()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zoo;

    #[test]
    fn reads_what_it_writes_and_refuses_the_rest() -> Result<()> {
        let graph = zoo::find("resnet8")?.build(1)?;
        let file = write(&graph)?;
        let mut copy = zoo::find("resnet8")?.build(2)?;
        read(&mut copy, &file)?;
        for ((_, a), (_, b)) in graph.parameters().zip(copy.parameters()) {
            assert_eq!(a.data, b.data, "{}", a.name);
        }
        for cut in [0, 7, 100, file.len() - 1] {
            assert!(read(&mut copy, &file[..cut]).is_err(), "cut at {cut}");
        }
        let mut other = zoo::find("lenet-5")?.build(1)?;
        let error = read(&mut other, &file).expect_err("another network");
        assert!(error.message.contains("does not have"), "{error}");
        Ok(())
    }

    #[test]
    fn refuses_numbers_that_are_not_finite() -> Result<()> {
        let mut graph = zoo::find("lenet-300-100")?.build(1)?;
        let id = graph.find("fc2.weight").expect("the model has it");
        graph.data_mut(id)?.flat_mut()[5] = f32::NAN;
        let file = write(&graph)?;
        let error = read(&mut graph, &file).expect_err("NaN");
        assert!(error.message.contains("fc2.weight"), "{error}");
        Ok(())
    }
}
