//! The network as a file: what is read of one, what a job leaves as one, and the same in another format.
//!
//! A finished job leaves the bytes of the compact form. Whatever is saved is made from such bytes and from nothing else: it does not
//! matter what has been opened, run or cancelled since.

use crate::base::tensor::{self, Digest};
use crate::base::{Error, Flat, Result};
use crate::graph::couple::Unit;
use crate::graph::{Graph, Masks, boosted, factor, slice};
use crate::io::format;
use crate::io::origin::Origin;
use crate::io::{Network, compact, safetensors};
use crate::prune::recipe::SPARSITY;
use crate::prune::target::Target;
use crate::prune::{Recipe, Settings, event};
use crate::zoo::{self, Model};

use super::Session;
use super::verdict::grouped;

/// Share of exact zeros from which a weight was pruned before: training leaves none.
const PRUNED: f64 = 0.05;

/// A network out of a file.
#[derive(Debug)]
pub(super) struct Loaded {
    /// The network.
    pub graph: Graph,
    /// What is cut of it already.
    pub zeros: Masks,
    /// Where it comes from, if it was saved by a run.
    pub origin: Option<Origin>,
    /// Digest of its weights.
    pub digest: String,
    /// Whether channels are gone: there are then no initial weights to go back to.
    pub slim: bool,
    /// What is to be known about it.
    pub notes: Vec<String>,
}

/// Reads a file of weights, plain or compact.
pub(super) fn load(model: &'static Model, file: &[u8]) -> Result<Loaded> {
    let origin = safetensors::look(file).map_err(|e| e.at(model.name))?.0;
    if let Some(other) = origin.filter(|origin| ![model.id, ""].contains(&origin.model.as_str())) {
        return Err(Error::format(format!("the file is of {}, not of {}", other.model, model.id))
            .hint(format!("open it as {}", other.model)));
    }
    let whole = model.initial()?;
    let mut graph = whole.clone();
    let contents = safetensors::read(&mut graph, file).map_err(|e| e.at(model.name))?;
    let slim = graph.parameters().any(|(id, value)| whole.values.get(id).is_none_or(|of| of.shape != value.shape));
    let two = graph.parameters().filter(|(_, value)| factor::layer_of(&value.name).is_some()).count();
    let choose = boosted::boosts(&graph).count();
    let (zeros, digest, mut notes) = (zeros(&graph, contents.masks), digest(&graph), contents.notes);
    // Where channels are gone, the digest is that of the network before they went.
    let told = contents.origin.as_ref().map_or("", |origin| &origin.digest);
    if (!slim || two + choose > 0) && !["", &digest].contains(&told) {
        notes.push(
            "The weights were changed after the file was saved: they do not have the digest that it names.".into(),
        );
    }
    let gone: usize = zeros.iter().map(|(_, mask)| mask.iter().filter(|&&m| m == 0).count()).sum();
    let all: usize = graph.layers().map(|(_, id)| tensor::count(&graph.values[id].shape)).sum();
    if gone > 0 {
        notes.push(format!("It is pruned already: {} of its {} weights are cut.", grouped(gone), grouped(all)));
    }
    if two > 0 {
        notes.push(format!(
            "{two} of its layers are two thinner ones each: there are no initial weights of their size to rewind to."
        ));
    } else if choose > 0 {
        notes.push(format!(
            "In {choose} of its layers each image chooses its channels: there are no initial weights of that to rewind to."
        ));
    } else if slim {
        notes.push("Channels are gone from it: there are no initial weights of its size to rewind to.".into());
    }
    Ok(Loaded { graph, zeros, origin: contents.origin, digest, slim, notes })
}

/// What is cut of a network: what its file says, and the exact zeros of weights that have too many of them for chance.
fn zeros(graph: &Graph, mut masks: Masks) -> Masks {
    for (_, id) in graph.layers() {
        let Some(data) = graph.values[id].data.as_ref().filter(|_| masks.get(id).is_none()) else { continue };
        let keep: Vec<u8> = data.flat().iter().map(|&x| u8::from(x != 0.0)).collect();
        if keep.iter().filter(|&&m| m == 0).count() as f64 >= PRUNED * keep.len() as f64 {
            masks.set(id, keep);
        }
    }
    masks
}

/// Digest of all parameters, in order.
pub(super) fn digest(graph: &Graph) -> String {
    let mut digest = Digest::default();
    graph.parameters().filter_map(|(_, v)| v.data.as_ref()).for_each(|data| digest.add(data.flat()));
    digest.hex()
}

/// The network of a file: the one that it names, or else the one whose parameters it has.
///
/// # Errors
/// When it is no safetensors file, or of no network that is known here.
pub fn identify(file: &[u8]) -> Result<&'static Model> {
    let (origin, names) = safetensors::look(file)?;
    if let Some(origin) = origin.filter(|origin| !origin.model.is_empty()) {
        return zoo::find(&origin.model)
            .map_err(|e| Error::format(format!("the file is of {}", e.message)).hint(e.hint));
    }
    for model in zoo::ALL {
        let graph = model.initial()?;
        let own: Vec<&String> =
            names.iter().filter(|name| factor::layer_of(name).is_none() && !boosted::owns(name)).collect();
        if graph.parameters().count() == own.len() && own.iter().all(|name| graph.find(name).is_some()) {
            return Ok(model);
        }
    }
    let known: Vec<&str> = zoo::ALL.iter().map(|model| model.id).collect();
    Err(Error::format("the tensors of the file are those of no network that is known here")
        .hint(format!("open weights of {}", known.join(", "))))
}

/// A file in another format: a function of its bytes alone.
///
/// # Errors
/// When it is not a file that can be read, or there is no such format.
pub fn convert(file: &[u8], format: &str) -> Result<Vec<u8>> {
    let (format, model) = (format::find(format)?, identify(file)?);
    let mut graph = model.initial()?;
    let contents = safetensors::read(&mut graph, file)?;
    let network = Network { graph: &graph, masks: &contents.masks, origin: contents.origin.as_ref() };
    format.write(network, model.id)
}

/// Whether a run's file holds the whole network: a file names every tensor, so one without its branches holds them as weights of
/// which nothing is kept, and these take next to no room.
pub(super) fn stored_whole(recipe: &Recipe) -> bool {
    recipe.choice.pattern.part.bypasses()
}

/// The network without the channels or branches that masks cut, if the recipe removes such.
pub(super) fn without_channels(graph: &Graph, masks: &Masks, recipe: &Recipe) -> Result<Option<Graph>> {
    if !recipe.choice.pattern.part.physical() {
        return Ok(None);
    }
    let targets = event::candidates(graph, recipe)?;
    let mut removed: Vec<&Unit> = Vec::new();
    for target in &targets {
        if let Target::Channels(group) = target {
            let kept = target.kept(graph, masks);
            removed.extend(group.units.iter().zip(kept).filter(|(_, kept)| !kept).map(|(unit, _)| unit));
        }
    }
    slice::without(graph, &removed).map(Some)
}

impl Session {
    /// The bytes of what the last finished job measured, in the compact form: the pruned network, or the one that was open.
    pub fn file(&self) -> Option<&[u8]> {
        self.file.as_deref()
    }

    /// What is cut already of the network that is open.
    pub fn zeros(&self) -> &Masks {
        &self.zeros
    }

    /// What stays cut from the beginning: the zeros that the network came with, unless the recipe frees them.
    pub(super) fn held(&self, recipe: &Recipe) -> Masks {
        if recipe.hold_zeros { self.zeros.clone() } else { Masks::default() }
    }

    /// All settings of a run: those given, completed. A sparsity that was not used is left out: nothing was cut by it.
    pub(super) fn complete(&self, settings: &Settings, recipe: &Recipe) -> Result<Settings> {
        let (model, _) = self.network()?;
        let mut settings = settings.clone();
        settings.remove(SPARSITY.key);
        settings.extend(recipe.settings());
        settings.insert("model".into(), model.id.into());
        settings.insert("data".into(), model.data.into());
        Ok(settings)
    }

    /// Where the network comes from that a run with these settings leaves.
    pub(super) fn origin_of(&self, settings: &Settings, digest: String) -> Result<Origin> {
        Ok(Origin {
            model: self.network()?.0.id.into(),
            recipe: settings.clone(),
            seed: settings.get("seed").cloned().unwrap_or_default(),
            digest,
            source: self.source.clone(),
            producer: producer(),
        })
    }

    /// Where the open network comes from. One that is as it was trained needs no word about that.
    pub(super) fn own_origin(&self) -> Result<Option<Origin>> {
        if self.origin.is_some() || self.zeros.is_empty() {
            return Ok(self.origin.clone());
        }
        let model = self.network()?.0.id.into();
        Ok(Some(Origin { model, digest: self.source.clone(), producer: producer(), ..Origin::default() }))
    }

    /// The length of the dense file of the open network.
    pub(super) fn bytes_dense(&self) -> Result<usize> {
        Ok(safetensors::length(self.network()?.1, self.own_origin()?.as_ref()))
    }

    /// The length of the file that a run with these masks would leave.
    pub(super) fn bytes_stored(&self, settings: &Settings, recipe: &Recipe, masks: &Masks) -> Result<usize> {
        let (_, graph) = self.network()?;
        // All digests have the length of this one.
        let origin = self.origin_of(&self.complete(settings, recipe)?, self.source.clone())?;
        let none = Masks::default();
        let slim = if stored_whole(recipe) { None } else { without_channels(graph, masks, recipe)? };
        let (graph, masks) = slim.as_ref().map_or((graph, masks), |slim| (slim, &none));
        Ok(compact::length(Network { graph, masks, origin: Some(&origin) }))
    }

    /// Refuses a recipe that goes back to initial weights where there are none of the network's size.
    pub(super) fn has_start(&self, recipe: &Recipe) -> Result<()> {
        let key = match recipe {
            _ if !self.slim => return Ok(()),
            recipe if recipe.choice.schedule.part.untrained() => "schedule",
            recipe if recipe.choice.recovery.part.after(&recipe.choice.recovery.args).rewind.is_some() => "recovery",
            _ => return Ok(()),
        };
        Err(Error::setting(key, "the open network is smaller than its model: there are no initial weights of its size")
            .hint("choose one that starts from the weights as they are, or open the whole network"))
    }
}

/// The program and its version.
fn producer() -> String {
    format!("secateur {}", env!("CARGO_PKG_VERSION"))
}
