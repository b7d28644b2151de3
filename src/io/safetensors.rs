//! Weights in safetensors files: written as 32-bit floats by name, read from any floats, plain or compact.

use ::safetensors::tensor::TensorInfo;
use ::safetensors::{Dtype, SafeTensors};

use crate::base::{Error, Flat, Result, keyed, tensor};
use crate::graph::{Graph, Masks, boosted, factor};

use super::container::{Entry, Metadata, header, length as whole};
use super::origin::Origin;
use super::{by_name, compact, fit, floats};

/// What a file tells besides the numbers of a network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contents {
    /// Its masks, if it is a compact one.
    pub masks: Masks,
    /// Where the network comes from, if the file says so.
    pub origin: Option<Origin>,
    /// What is to be known about how it was read.
    pub notes: Vec<String>,
}

/// The tensors of a plain file, by name.
fn entries(graph: &Graph) -> Vec<Entry> {
    by_name(graph).into_iter().map(|id| Entry::floats(&graph.values[id].name, &graph.values[id].shape)).collect()
}

/// The length of the file that [`write()`] would give.
pub fn length(graph: &Graph, origin: Option<&Origin>) -> usize {
    whole(&entries(graph), &origin.map(Origin::metadata).unwrap_or_default())
}

/// All parameters of a network, statistics and zeros included.
///
/// # Errors
/// Never: every parameter carries numbers.
pub fn write(graph: &Graph, origin: Option<&Origin>) -> Result<Vec<u8>> {
    let mut out = header(&entries(graph), &origin.map(Origin::metadata).unwrap_or_default());
    for id in by_name(graph) {
        graph.data(id)?.flat().iter().for_each(|x| out.extend(x.to_le_bytes()));
    }
    Ok(out)
}

/// What belongs to a file that is not read, for whoever has the wrong one.
const HINT: &str = "load the safetensors file that belongs to this model";
const DAMAGED: &str = "the file is damaged; save it again, or fetch it again";

/// The header of a file, taken apart: what it lists, in the order of the file, its metadata, and where the numbers begin.
struct Listed {
    tensors: Vec<(String, TensorInfo)>,
    metadata: Metadata,
    start: usize,
}

fn list(file: &[u8]) -> Result<Listed> {
    let (header, read) = SafeTensors::read_metadata(file)
        .map_err(|e| Error::format(format!("not a whole safetensors file of {} bytes: {e}", file.len())).hint(HINT))?;
    let tensors = read.offset_keys().into_iter().filter_map(|name| read.info(&name).cloned().map(|info| (name, info)));
    let metadata = keyed(read.metadata().iter().flatten().map(|(key, text)| (key.clone(), text.clone())));
    // The eight bytes in front say how long the header is.
    Ok(Listed { tensors: tensors.collect(), metadata, start: header + 8 })
}

/// Tensors of a compact file that are no parameters.
fn own(name: &str) -> bool {
    [compact::POSITIONS, compact::CODES].contains(&name)
}

/// Counters that PyTorch's batch norms keep: they say nothing about what a network computes.
fn counter(name: &str, info: &TensorInfo) -> bool {
    name.rsplit('.').next() == Some("num_batches_tracked") && info.dtype == Dtype::I64 && info.shape.is_empty()
}

/// Which network a file says it is of, and the names of its parameters, in the order of the file.
///
/// # Errors
/// When it is no safetensors file, or of a later layout.
pub fn look(file: &[u8]) -> Result<(Option<Origin>, Vec<String>)> {
    let listed = list(file)?;
    let parameter = |(name, info): &(String, TensorInfo)| !own(name) && !counter(name, info);
    let names = listed.tensors.into_iter().filter(parameter).map(|(name, _)| name).collect();
    Ok((Origin::read(&listed.metadata)?, names))
}

/// Fills a network with the tensors of a file, plain or compact. Every parameter must be there, in its shape or with fewer
/// channels, finite; others are an error too.
///
/// # Errors
/// When the file is damaged, or is of another network; the message names the tensor.
pub fn read(graph: &mut Graph, file: &[u8]) -> Result<Contents> {
    let Listed { tensors, metadata, start } = list(file)?;
    let bytes = |info: &TensorInfo| &file[start + info.data_offsets.0..start + info.data_offsets.1];
    let origin = Origin::read(&metadata)?;
    let of = |what: &str| {
        let found = tensors.iter().find(|(name, _)| origin.is_some() && name == what);
        found.map_or(&[][..], |(_, info)| bytes(info))
    };
    // In the order of the graph, as a run changes it: parameters then come in the order that its digest was taken in.
    for layer in graph.nodes.iter().map(|node| node.name.clone()).collect::<Vec<_>>() {
        let shape = |name: &str| tensors.iter().find(|(of, _)| of == name).map(|(_, info)| info.shape.as_slice());
        if let Some(shape) = shape(&factor::low_name(&layer)) {
            fit::halves(graph, &layer, shape)?;
        }
        if shape(&boosted::weight_name(&layer)).is_some() {
            fit::boosts(graph, &layer)?;
        }
    }
    let masked = compact::masks(graph, &metadata, of(compact::POSITIONS)).map_err(|e| e.hint(DAMAGED))?;
    let mut coded = compact::Coded::new(graph, &metadata, of(compact::CODES)).map_err(|e| e.hint(DAMAGED))?;
    let before: Vec<_> = graph.values.iter().map(|value| value.shape.clone()).collect();
    let (mut masks, mut rounded, mut filled) = (Masks::default(), 0, 0);
    for (name, info) in &tensors {
        if counter(name, info) || (origin.is_some() && own(name)) {
            continue;
        }
        let id = graph.find(name).filter(|&id| graph.values[id].data.is_some()).ok_or_else(|| {
            Error::format(format!("the file holds a tensor '{name}' that this model does not have")).hint(HINT)
        })?;
        let mut numbers = floats::widened(info.dtype, bytes(info)).ok_or_else(|| {
            Error::format(format!("'{name}' holds numbers of type {:?}", info.dtype))
                .hint("weights are floats: F32, F16, BF16 or F64")
        })?;
        rounded += usize::from(info.dtype == Dtype::F64);
        let mut shape = info.shape.clone();
        let mask = masked.iter().find(|of| of.name == *name);
        let codes = coded.read(name, mask.map(compact::Masked::kept), &numbers).map_err(|e| e.hint(DAMAGED))?;
        if let Some((of, spelled)) = codes {
            (shape, numbers) = (of, spelled);
        }
        if let Some(of) = mask {
            numbers = of.spread(&numbers).map_err(|e| e.at(name).hint("the file is damaged; save it again"))?;
            masks.set(id, of.mask.clone());
            shape.clone_from(&of.shape);
        }
        fit::parameter(name, &before[id], &shape)?;
        let value = &mut graph.values[id];
        value.data = Some(tensor::from_vec(&shape, numbers)?);
        value.shape = shape;
        filled += 1;
    }
    if filled < graph.parameters().count() {
        let listed = |name: &str| tensors.iter().any(|(listed, _)| listed == name);
        let missing = graph.parameters().map(|(_, v)| v.name.as_str()).find(|name| !listed(name)).unwrap_or_default();
        return Err(Error::format(format!("the file holds no tensor '{missing}'")).hint(HINT));
    }
    coded.end().map_err(|e| e.hint(DAMAGED))?;
    fit::network(graph, &before)?;
    graph.check_finite()?;
    fit::kept(graph)?;
    let note = format!("64-bit numbers of {rounded} tensors were rounded to 32 bits: nothing here computes with more.");
    Ok(Contents { masks, origin, notes: (rounded > 0).then_some(note).into_iter().collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zoo;

    /// A file with tensors of any type.
    fn file(tensors: &[(&str, Dtype, &[usize], Vec<u8>)]) -> Vec<u8> {
        let entry = |t: &(&str, Dtype, &[usize], Vec<u8>)| Entry { name: t.0.into(), dtype: t.1, shape: t.2.to_vec() };
        let entries: Vec<Entry> = tensors.iter().map(entry).collect();
        let mut out = header(&entries, &Metadata::new());
        tensors.iter().for_each(|t| out.extend(&t.3));
        out
    }

    /// The tensors of lenet-300-100 as 32-bit floats.
    fn tensors(graph: &Graph) -> Vec<(&str, Dtype, &[usize], Vec<u8>)> {
        let bytes = |v: &crate::graph::Value| v.data.iter().flatten().flat_map(|x| x.to_le_bytes()).collect();
        graph.parameters().map(|(_, v)| (v.name.as_str(), Dtype::F32, v.shape.as_slice(), bytes(v))).collect()
    }

    #[test]
    fn reads_what_it_writes_and_refuses_the_rest() -> Result<()> {
        let graph = zoo::find("resnet8")?.build(1)?;
        let file = write(&graph, None)?;
        assert_eq!(file.len(), length(&graph, None));
        let mut copy = zoo::find("resnet8")?.build(2)?;
        assert_eq!(read(&mut copy, &file)?, Contents::default());
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
        let file = write(&graph, None)?;
        let error = read(&mut graph, &file).expect_err("NaN");
        assert!(error.message.contains("fc2.weight"), "{error}");
        Ok(())
    }

    #[test]
    fn other_floats_are_widened_and_counters_passed_over() -> Result<()> {
        let graph = zoo::find("lenet-300-100")?.build(1)?;
        let mut all = tensors(&graph);
        let (ones, half) = (0x3c00u16.to_le_bytes().repeat(10), 0.5f64.to_le_bytes().repeat(100));
        for row in &mut all {
            match row.0 {
                "fc3.bias" => (row.1, row.3) = (Dtype::F16, ones.clone()),
                "fc2.bias" => (row.1, row.3) = (Dtype::F64, half.clone()),
                _ => {}
            }
        }
        all.insert(2, ("fc1.num_batches_tracked", Dtype::I64, &[], vec![7; 8]));
        let mut copy = zoo::find("lenet-300-100")?.build(2)?;
        let contents = read(&mut copy, &file(&all))?;
        assert!(contents.notes.iter().any(|note| note.contains("64-bit numbers of 1 tensors")), "{:?}", contents.notes);
        let all_are = |name: &str, x: f32| {
            copy.find(name).is_some_and(|id| copy.data(id).is_ok_and(|d| d.iter().all(|&y| y == x)))
        };
        assert!(all_are("fc3.bias", 1.0) && all_are("fc2.bias", 0.5));
        Ok(())
    }

    #[test]
    fn the_first_tensor_that_is_wrong_is_named_each_time() -> Result<()> {
        let graph = zoo::find("lenet-300-100")?.build(1)?;
        let mut all = tensors(&graph);
        for name in ["zeta", "alpha", "num_batches_tracked.weight", "mid"] {
            all.push((name, Dtype::F32, &[1], vec![0; 4]));
        }
        let file = file(&all);
        for _ in 0..20 {
            let error = read(&mut graph.clone(), &file).expect_err("tensors of no network");
            assert!(error.message.contains("'zeta'"), "{error}");
        }
        Ok(())
    }

    #[test]
    fn counters_of_another_type_and_whole_numbers_are_refused() -> Result<()> {
        let graph = zoo::find("lenet-300-100")?.build(1)?;
        for (name, dtype, shape, bytes) in [
            ("fc1.num_batches_tracked", Dtype::F32, &[][..], vec![0; 4]),
            ("fc1.num_batches_tracked", Dtype::I64, &[2], vec![0; 16]),
            ("fc1.count", Dtype::I64, &[], vec![0; 8]),
        ] {
            let mut all = tensors(&graph);
            all.push((name, dtype, shape, bytes));
            let error = read(&mut graph.clone(), &file(&all)).expect_err(name);
            assert!(error.message.contains(name), "{error}");
        }
        let mut all = tensors(&graph);
        (all[1].1, all[1].3) = (Dtype::I32, vec![0; 1200]);
        let error = read(&mut graph.clone(), &file(&all)).expect_err("integers");
        assert!(
            error.message.contains("'fc1.bias' holds numbers of type I32") && error.hint.contains("F16"),
            "{error}"
        );
        all.remove(1);
        let error = read(&mut graph.clone(), &file(&all)).expect_err("one is missing");
        assert!(error.message.contains("no tensor 'fc1.bias'"), "{error}");
        Ok(())
    }
}
