//! What a cut would keep, at once and without looking at any image.

use serde::Serialize;
use ts_rs::TS;

use crate::base::Result;
use crate::graph::{Graph, Node, ValueId, op::OpKind};
use crate::prune::Settings;
use crate::prune::event;
use crate::prune::probe::Evidence;
use crate::prune::reached::reached;
use crate::prune::told::{Kept, kept};

use super::Session;

/// Sizes after a cut.
#[derive(Debug, Serialize, TS)]
pub struct Preview {
    /// Layer by layer.
    pub layers: Vec<Kept>,
    /// Length of the file of the network as it is.
    pub bytes_dense: usize,
    /// Length of the file that would be saved.
    pub bytes_stored: usize,
    /// Weights kept.
    pub kept: usize,
    /// Weights there are.
    pub total: usize,
    /// Why this is not the run's own cut, where magnitudes stand in for the scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub stand_in: Option<String>,
    /// Whether nothing can be said before a run: the figures are then those of the whole network.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unforeseen: bool,
    /// What is overruled or missed, with the share reached.
    pub notes: Vec<String>,
}

impl Session {
    /// The cut of some settings. Magnitudes stand in for scores that look at images, or at weights that are drawn first.
    ///
    /// # Errors
    /// When the settings are wrong or nothing is open.
    pub fn preview(&self, settings: &Settings) -> Result<Preview> {
        let (_, graph) = self.network()?;
        let mut recipe = self.read(settings)?;
        let mut stand_in = None;
        if let Some((criterion, why)) = event::stand_in(&recipe) {
            (recipe.choice.criterion, stand_in) = (criterion, Some(why.into()));
        }
        let before = self.held(&recipe);
        let unforeseen = event::unforeseen(&recipe);
        let share = if unforeseen.is_some() { 0.0 } else { recipe.sparsity };
        let nothing = unforeseen.is_some();
        stand_in = unforeseen.or(stand_in);
        let masks = event::cut(graph, &recipe, Evidence::default(), &before, share)?;
        let layers = kept(graph, &masks);
        let mut notes = reached(graph, &recipe, &masks, &before)?.notes;
        let fusion = &recipe.choice.fusion;
        if fusion.part.centroids(&fusion.args).is_some() {
            notes.push(
                "The file will be smaller than said here: numbers that weights share are found in the run.".into(),
            );
        }
        Ok(Preview {
            bytes_dense: self.bytes_dense()?,
            bytes_stored: self.bytes_stored(settings, &self.read(settings)?, &masks)?,
            kept: layers.iter().map(|l| l.kept).sum(),
            total: layers.iter().map(|l| l.total).sum(),
            layers,
            stand_in,
            unforeseen: nothing,
            notes,
        })
    }
}

/// Residual links: for each sum, from the layer whose output passes by to the layer it is added to.
pub(super) fn links(graph: &Graph) -> Vec<(String, String)> {
    let weighted = |out: ValueId| graph.layers().find(|&(node, _)| graph.nodes[node].out == out).map(|(node, _)| node);
    // The layer with weights that a wire comes from.
    let source = |mut id: ValueId| loop {
        match weighted(id) {
            Some(node) => return Some(node),
            None => id = graph.producer(id)?.ins[0],
        }
    };
    let link = |node: &Node| {
        let (main, mut aside) = (source(node.ins[0])?, source(node.ins[1])?);
        // Where a layer adapts the shapes, the link begins before it.
        if graph.producer(node.ins[1]).is_some_and(|n| !matches!(n.op, OpKind::Relu(_) | OpKind::Add(_))) {
            aside = source(graph.nodes[aside].ins[0]).unwrap_or(aside);
        }
        Some((graph.nodes[aside].name.clone(), graph.nodes[main].name.clone()))
    };
    graph.nodes.iter().filter(|n| matches!(n.op, OpKind::Add(_))).filter_map(link).collect()
}
