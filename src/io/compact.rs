//! The compact form: a safetensors container that holds only what is kept. docs/format.md describes it.
//!
//! A masked weight is stored as its kept numbers, in order; where they lie is said by the bytes of one tensor for the whole file,
//! and how those are to be read by the metadata. Everything else is as in any safetensors file, and without masks the compact
//! form is the plain one. The mask is what is stored: a kept weight that happens to be zero stays kept. A weight of few different
//! numbers is stored as these numbers and, in one more tensor for the whole file, codes that say which is where.

use crate::base::{Error, Result, tensor};
use crate::graph::{Graph, Masks, Role, ValueId};

use super::codes::{self, Codes};
use super::container::{Entry, Metadata, header, length as whole};
use super::origin::{CODED, Origin, split};
use super::positions::Positions;
use super::{Network, by_name};

/// The tensor that holds positions. Parameters all have a dot in their names.
pub const POSITIONS: &str = "positions";
/// The metadata that says of each masked weight its shape and how its positions are written.
const MASKS: &str = "masks";
/// The tensor that holds codes, and the metadata that names the weights that have them, each with its shape.
pub const CODES: &str = "codes";

/// What a file consists of, worked out before a byte of it is written.
struct Layout {
    /// Parameters in the order of their names.
    ids: Vec<ValueId>,
    /// How the positions of the masked ones are written.
    masked: Vec<(ValueId, Positions)>,
    /// The codes of weights of few different numbers.
    coded: Vec<(ValueId, Codes)>,
    entries: Vec<Entry>,
    metadata: Metadata,
}

fn layout(network: Network<'_>) -> Layout {
    let Network { graph, masks, origin } = network;
    let (ids, mut masked, mut entries, mut texts) = (by_name(graph), Vec::new(), Vec::new(), String::new());
    let (mut coded, mut few) = (Vec::new(), String::new());
    for &id in &ids {
        let (name, shape) = (&graph.values[id].name, &graph.values[id].shape);
        let codes = if graph.values[id].role == Role::Weight { Codes::of(kept(network, id)) } else { None };
        let mut stored = cut(masks, id).map_or_else(|| shape.clone(), |mask| vec![masks.kept(id, mask.len())]);
        if let Some(codes) = codes {
            stored = vec![codes.numbers.len()];
            few += &format!("{}{name}={}", if few.is_empty() { "" } else { " " }, by(shape));
            coded.push((id, codes));
        }
        entries.push(Entry::floats(name, &stored));
        let Some(mask) = cut(masks, id) else { continue };
        let positions = Positions::of(mask, shape[0]);
        let space = if texts.is_empty() { "" } else { " " };
        texts += &format!("{space}{name}={},{}", by(shape), positions.text());
        masked.push((id, positions));
    }
    let mut metadata = origin.map(Origin::metadata).unwrap_or_default();
    if !masked.is_empty() || !coded.is_empty() {
        // Masks and codes need the word that the file is one of ours, also where nothing else is said.
        metadata.append(&mut origin.cloned().unwrap_or_default().metadata());
    }
    if !masked.is_empty() {
        metadata.insert(MASKS.into(), texts);
        entries.push(Entry::bytes(POSITIONS, masked.iter().map(|(_, positions)| positions.length()).sum()));
    }
    if !coded.is_empty() {
        metadata.insert("version".into(), CODED.to_string());
        metadata.insert(CODES.into(), few);
        entries.push(Entry::bytes(CODES, coded.iter().map(|(_, codes)| codes.length()).sum()));
    }
    Layout { ids, masked, coded, entries, metadata }
}

/// The numbers of a parameter that are stored, in order.
fn kept(network: Network<'_>, id: ValueId) -> impl Iterator<Item = f32> + '_ {
    let mask = cut(network.masks, id);
    let numbers = network.graph.values[id].data.iter().flatten().copied().enumerate();
    numbers.filter(move |(i, _)| mask.is_none_or(|mask| mask[*i] == 1)).map(|(_, x)| x)
}

/// The mask of a parameter that is not kept whole.
fn cut(masks: &Masks, id: ValueId) -> Option<&[u8]> {
    masks.get(id).filter(|mask| mask.contains(&0))
}

/// The length of the file that [`write()`] would give.
pub fn length(network: Network<'_>) -> usize {
    let layout = layout(network);
    whole(&layout.entries, &layout.metadata)
}

/// A network as a compact file; without masks, and without an origin, as a plain one.
///
/// # Errors
/// Never: every parameter carries numbers.
pub fn write(network: Network<'_>) -> Result<Vec<u8>> {
    let Layout { ids, masked, coded, entries, metadata } = layout(network);
    let Network { graph, masks, .. } = network;
    let mut out = header(&entries, &metadata);
    for id in ids {
        match coded.iter().find(|(own, _)| *own == id) {
            Some((_, codes)) => out.extend(codes.numbers.iter().flat_map(|x| x.to_le_bytes())),
            None => out.extend(kept(network, id).flat_map(f32::to_le_bytes)),
        }
    }
    for (id, positions) in masked {
        out.extend(positions.write(cut(masks, id).unwrap_or_default(), graph.values[id].shape[0]));
    }
    for (id, codes) in coded {
        out.extend(codes.write(kept(network, id)));
    }
    Ok(out)
}

/// A masked weight of a file.
#[derive(Debug, PartialEq)]
pub struct Masked {
    /// Its name.
    pub name: String,
    /// Extents of the weight.
    pub shape: Vec<usize>,
    /// 1 for kept, 0 for cut.
    pub mask: Vec<u8>,
}

impl Masked {
    /// How many numbers are kept.
    pub fn kept(&self) -> usize {
        self.mask.iter().filter(|&&m| m == 1).count()
    }

    /// The numbers of the whole weight from those that are kept.
    ///
    /// # Errors
    /// When there are not as many as the mask keeps.
    pub fn spread(&self, kept: &[f32]) -> Result<Vec<f32>> {
        let n = self.kept();
        if n != kept.len() {
            return Err(Error::format(format!("{} numbers are stored for {n} kept weights", kept.len())));
        }
        let mut kept = kept.iter();
        let place = |&m: &u8| if m == 1 { kept.next().copied().unwrap_or(0.0) } else { 0.0 };
        Ok(self.mask.iter().map(place).collect())
    }
}

/// The masked weights of a file; none in a plain one.
///
/// # Errors
/// When the positions are damaged, or a weight would be larger than `graph` has it.
pub fn masks(graph: &Graph, metadata: &Metadata, mut bytes: &[u8]) -> Result<Vec<Masked>> {
    let mut out = Vec::new();
    for (name, text) in split(metadata.get(MASKS).map_or("", String::as_str)) {
        let (shape, positions) = parse(text)
            .filter(|(shape, _)| fits(graph, name, shape))
            .ok_or_else(|| Error::format(format!("'{name}' has no mask of its size: {text}")))?;
        let rows = shape[0];
        let (mask, rest) = positions.read(bytes, [rows, tensor::count(&shape[1..])]).map_err(|e| e.at(name))?;
        bytes = rest;
        out.push(Masked { name: name.into(), shape, mask });
    }
    all_read(bytes, POSITIONS)?;
    Ok(out)
}

fn all_read(rest: &[u8], what: &str) -> Result<()> {
    match rest {
        [] => Ok(()),
        more => Err(Error::format(format!("{} bytes of {what} belong to no weight", more.len()))),
    }
}

/// The codes of a file: the weights that have them, with their shapes, and the bytes.
#[derive(Debug)]
pub struct Coded<'a> {
    shapes: Vec<(String, Vec<usize>)>,
    bytes: &'a [u8],
}

impl<'a> Coded<'a> {
    /// The codes of a file; none where its metadata names none.
    ///
    /// # Errors
    /// When a weight would be larger than `graph` has it.
    pub fn new(graph: &Graph, metadata: &Metadata, bytes: &'a [u8]) -> Result<Self> {
        let mut shapes = Vec::new();
        for (name, text) in split(metadata.get(CODES).map_or("", String::as_str)) {
            let shape = extents(text)
                .filter(|shape| fits(graph, name, shape))
                .ok_or_else(|| Error::format(format!("'{name}' has no codes of its size: {text}")))?;
            shapes.push((name.to_owned(), shape));
        }
        Ok(Self { shapes, bytes })
    }

    /// The shape of a weight and its numbers, of which `n` are stored; `None` where it has no codes. Weights are asked for in the
    /// order of the file.
    ///
    /// # Errors
    /// When the codes are damaged.
    pub fn read(&mut self, name: &str, n: Option<usize>, numbers: &[f32]) -> Result<Option<(Vec<usize>, Vec<f32>)>> {
        let Some((_, shape)) = self.shapes.iter().find(|(own, _)| own == name) else { return Ok(None) };
        let n = n.unwrap_or_else(|| tensor::count(shape));
        let (weights, rest) = codes::read(self.bytes, n, numbers).map_err(|e| e.at(name))?;
        self.bytes = rest;
        Ok(Some((shape.clone(), weights)))
    }

    /// Holds that every byte belonged to a weight.
    ///
    /// # Errors
    /// When some are left.
    pub fn end(self) -> Result<()> {
        all_read(self.bytes, CODES)
    }
}

/// Whether a weight of a file is no larger than a network has it.
fn fits(graph: &Graph, name: &str, shape: &[usize]) -> bool {
    let known = graph.find(name).map_or(0, |id| tensor::count(&graph.values[id].shape));
    shape.iter().try_fold(1usize, |n, &e| n.checked_mul(e)).is_some_and(|n| n <= known)
}

/// `16x1x3x3,4x1,k3`: a shape, and how positions are written.
fn parse(text: &str) -> Option<(Vec<usize>, Positions)> {
    let (shape, positions) = text.split_once(',')?;
    Some((extents(shape)?, Positions::parse(positions)?))
}

/// `16x1x3x3`.
fn extents(text: &str) -> Option<Vec<usize>> {
    let shape: Vec<usize> = text.split('x').map(|extent| extent.parse().ok()).collect::<Option<_>>()?;
    (!shape.contains(&0)).then_some(shape)
}

fn by(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Flat, Rng};
    use crate::io::safetensors;
    use crate::zoo;

    /// A network with some of each weight cut, and a kept weight that is zero.
    fn pruned(id: &str, kept_of_ten: usize) -> Result<(Graph, Masks)> {
        let mut graph = zoo::find(id)?.build(3)?;
        let (mut masks, mut rng) = (Masks::default(), Rng::new(5));
        let layers: Vec<ValueId> = graph.layers().map(|(_, id)| id).collect();
        for id in layers {
            let mut mask: Vec<u8> = graph.data(id)?.iter().map(|_| u8::from(rng.below(10) < kept_of_ten)).collect();
            (mask[0], mask[1]) = (1, 0);
            graph.data_mut(id)?.flat_mut()[0] = -0.0;
            masks.set(id, mask);
        }
        masks.apply(&mut graph)?;
        Ok((graph, masks))
    }

    fn origin() -> Origin {
        Origin { model: "resnet8".into(), digest: "0123456789abcdef".into(), ..Origin::default() }
    }

    #[test]
    fn a_network_comes_back_to_the_bit_and_is_as_long_as_was_told() -> Result<()> {
        let origin = origin();
        for kept in [0, 1, 5, 9] {
            let (graph, masks) = pruned("resnet8", kept)?;
            let network = Network { graph: &graph, masks: &masks, origin: Some(&origin) };
            let file = write(network)?;
            assert_eq!(file.len(), length(network), "{kept} of ten kept");
            assert!(file.len() < safetensors::length(&graph, None), "{} bytes", file.len());
            let mut copy = zoo::find("resnet8")?.build(4)?;
            let read = safetensors::read(&mut copy, &file)?;
            assert_eq!((&read.masks, read.origin.as_ref()), (&masks, Some(&origin)));
            for ((_, a), (_, b)) in graph.parameters().zip(copy.parameters()) {
                let bits = |v: &crate::graph::Value| v.data.iter().flatten().map(|x| x.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(a), bits(b), "{}", a.name);
            }
        }
        Ok(())
    }

    #[test]
    fn few_numbers_are_coded_and_come_back_to_the_bit() -> Result<()> {
        for kept in [3, 10] {
            let (mut graph, mut masks) = pruned("lenet-300-100", kept)?;
            if kept == 10 {
                masks = Masks::default();
            }
            let id = graph.find("fc2.weight").expect("the model has it");
            graph.data_mut(id)?.mapv_inplace(|w| if w == 0.0 { w } else { (w * 20.0).round() / 20.0 + 1e-3 });
            let network = Network { graph: &graph, masks: &masks, origin: None };
            let file = write(network)?;
            assert_eq!(file.len(), length(network), "{kept} of ten kept");
            let mut copy = zoo::find("lenet-300-100")?.build(4)?;
            assert_eq!(safetensors::read(&mut copy, &file)?.masks, masks);
            let bits = |g: &Graph| g.data(id).map(|data| data.iter().map(|x| x.to_bits()).collect::<Vec<_>>());
            assert_eq!(bits(&graph)?, bits(&copy)?);
            for end in [file.len() - 1, file.len() - 2000] {
                assert!(safetensors::read(&mut copy, &file[..end]).is_err(), "cut at {end}");
            }
        }
        Ok(())
    }

    #[test]
    fn every_byte_of_codes_belongs_to_a_weight() -> Result<()> {
        let graph = zoo::find("lenet-300-100")?.build(1)?;
        let weights = || (0..1000).map(|i| [0.5, -0.5, 0.25][i % 3]);
        let codes = Codes::of(weights()).expect("three numbers of 1,000 weights");
        let metadata = Metadata::from([(CODES.to_owned(), "fc3.weight=10x100".to_owned())]);
        for more in 0..2 {
            let bytes = [codes.write(weights()), vec![0; more]].concat();
            let mut coded = Coded::new(&graph, &metadata, &bytes)?;
            let (shape, read) = coded.read("fc3.weight", None, &codes.numbers)?.expect("it has codes");
            assert_eq!((shape, read), (vec![10, 100], weights().collect::<Vec<f32>>()));
            assert_eq!(coded.end().is_err(), more > 0);
        }
        let large = Metadata::from([(CODES.to_owned(), "fc3.weight=10x101".to_owned())]);
        assert!(Coded::new(&graph, &large, &[]).is_err(), "larger than the network has it");
        Ok(())
    }

    #[test]
    fn without_masks_it_is_the_plain_form() -> Result<()> {
        let graph = zoo::find("lenet-5")?.build(1)?;
        let none = Masks::default();
        assert_eq!(write(Network { graph: &graph, masks: &none, origin: None })?, safetensors::write(&graph, None)?);
        Ok(())
    }

    #[test]
    fn a_damaged_file_is_refused_wherever_it_is_cut_or_changed() -> Result<()> {
        let (graph, masks) = pruned("lenet-5", 1)?;
        let file = write(Network { graph: &graph, masks: &masks, origin: None })?;
        let mut copy = zoo::find("lenet-5")?.build(1)?;
        for end in [0, 8, 200, file.len() / 2, file.len() - 1] {
            assert!(safetensors::read(&mut copy, &file[..end]).is_err(), "cut at {end}");
        }
        let text = String::from_utf8_lossy(&file[8..1200]).into_owned();
        let at = |what: &str| 8 + text.find(what).expect("in the header");
        for (what, with) in [("20x1x5x5", "20x1x5x6"), ("20x1x5x5", "99x1x5x5"), ("1x1,k", "1x9,k"), ("1x1,k", "1x1,z")]
        {
            let mut bad = file.clone();
            bad[at(what)..at(what) + with.len()].copy_from_slice(with.as_bytes());
            let error = safetensors::read(&mut copy, &bad).expect_err(with);
            assert!(error.message.contains("conv1.weight") && !error.hint.is_empty(), "{with}: {error}");
        }
        let mut bad = file.clone();
        *bad.last_mut().expect("not empty") ^= 0xff;
        assert!(safetensors::read(&mut copy, &bad).is_err(), "other positions");
        Ok(())
    }
}
