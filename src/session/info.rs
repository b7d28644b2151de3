//! What a network looks like: layers and links for the picture, a layer's weights before and after.

use serde::Serialize;
use ts_rs::TS;

use crate::base::{Error, Flat, Result};
use crate::graph::{Masks, count, factor};
use crate::io::origin::Origin;
use crate::prune::method;
use crate::zoo;

use super::file::Loaded;
use super::{Session, preview};

/// What a network is: layers and links, for the picture.
#[derive(Debug, Serialize, TS)]
pub struct ModelInfo {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Digest of its weights: the `source` of the records of its runs.
    pub digest: String,
    /// Trained numbers.
    pub parameters: usize,
    /// Multiply-adds of one example.
    pub macs: u64,
    /// Shape of an example.
    pub input: Vec<usize>,
    /// Layers with weights, in order.
    pub layers: Vec<LayerInfo>,
    /// Residual links, by layer names.
    pub links: Vec<(String, String)>,
    /// Trained numbers that are not zero.
    pub nonzero: usize,
    /// The run that saved its file, if one did.
    pub saved: Option<Origin>,
    /// The method of that run, if it was a published one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub method: Option<&'static str>,
    /// What is to be known about it: that it is pruned already, how its file was read.
    pub notes: Vec<String>,
}

/// One layer with weights.
#[derive(Debug, Serialize, TS)]
pub struct LayerInfo {
    /// Name.
    pub name: String,
    /// `conv`, `depthwise` or `linear`.
    pub kind: &'static str,
    /// Shape of the weight.
    pub shape: Vec<usize>,
    /// Shape of the output, without the batch.
    pub out: Vec<usize>,
    /// Weights.
    pub parameters: usize,
    /// Multiply-adds of one example.
    pub macs: u64,
    /// Whether it can be pruned.
    pub prunable: bool,
}

/// A layer's weight before and after a run, row-major.
#[derive(Debug)]
pub struct LayerView {
    /// Its shape, [out, in, ...].
    pub shape: Vec<usize>,
    /// The weights as they were.
    pub before: Vec<f32>,
    /// The weights as they are now.
    pub after: Vec<f32>,
    /// 1 for kept, 0 for cut.
    pub mask: Vec<u8>,
}

impl Session {
    /// A layer's weight before and after the last finished run; before one, as it is.
    ///
    /// # Errors
    /// When there is no such layer.
    pub fn layer(&self, name: &str) -> Result<LayerView> {
        let (_, graph) = self.network()?;
        let found = graph.layers().find(|&(node, _)| graph.nodes[node].name == name);
        let (_, id) = found.ok_or_else(|| {
            Error::setting("layer", format!("there is no layer '{name}'"))
                .hint("take a name from the layers of the model")
        })?;
        let before = graph.data(id)?.flat().to_vec();
        let shape = graph.values[id].shape.clone();
        let mut view = LayerView { shape, mask: vec![1; before.len()], after: before.clone(), before };
        if let Some(outcome) = &self.outcome {
            // A layer that became two is shown as what both come to.
            let after = match factor::became_two(graph, &outcome.masked, name) {
                Some(low) => Some(factor::product(&outcome.masked, [low, id])?),
                None => None,
            };
            let after = after.as_ref().map_or_else(|| outcome.masked.data(id), Ok)?;
            view.after = after.flat().to_vec();
        }
        // Of a network that comes pruned, what is cut is known before anything has been run.
        let masks = self.outcome.as_ref().map_or(&self.zeros, |outcome| &outcome.masks);
        if let Some(mask) = masks.get(id) {
            view.mask = mask.to_vec();
        }
        Ok(view)
    }
}

/// The picture of a network.
pub(super) fn info(model: &zoo::Model, loaded: &Loaded) -> Result<ModelInfo> {
    let graph = &loaded.graph;
    let layers = graph.layers().map(|(index, id)| {
        let node = &graph.nodes[index];
        let shape = graph.values[id].shape.clone();
        let channels = graph.values[node.ins[0]].shape[1];
        let kind = if shape.len() == 2 {
            "linear"
        } else if shape[1] == 1 && channels > 1 {
            "depthwise"
        } else {
            "conv"
        };
        LayerInfo {
            name: node.name.clone(),
            kind,
            out: graph.values[node.out].shape[1..].to_vec(),
            parameters: shape.iter().product(),
            macs: count::macs_of(graph, node),
            prunable: true,
            shape,
        }
    });
    Ok(ModelInfo {
        id: model.id.into(),
        name: model.name.into(),
        digest: loaded.digest.clone(),
        parameters: count::parameters(graph),
        macs: count::macs(graph, &Masks::default()),
        input: model.input.to_vec(),
        layers: layers.collect(),
        links: preview::links(graph),
        nonzero: count::nonzero(graph),
        method: loaded.origin.as_ref().and_then(|origin| method::of(&origin.recipe)).map(|method| method.id),
        saved: loaded.origin.clone(),
        notes: loaded.notes.clone(),
    })
}
