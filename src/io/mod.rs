//! Floor 3: formats of files.

pub mod codes;
pub mod compact;
pub mod container;
mod fit;
mod floats;
pub mod format;
pub mod huffman;
pub mod onnx;
pub mod origin;
pub mod positions;
pub mod safetensors;

use crate::graph::{Graph, Masks, ValueId};

use origin::Origin;

/// A network as it is to be saved.
#[derive(Clone, Copy, Debug)]
pub struct Network<'a> {
    /// What it computes; cut weights are zero.
    pub graph: &'a Graph,
    /// Which weights are kept.
    pub masks: &'a Masks,
    /// Where it comes from; nothing is said of a network that is as it was trained.
    pub origin: Option<&'a Origin>,
}

/// The parameters of a network in the order of their names, which is that of files.
fn by_name(graph: &Graph) -> Vec<ValueId> {
    let mut ids: Vec<ValueId> = Vec::new();
    for (id, value) in graph.parameters() {
        // They are few: a sort would bring more code into the page's download than it saves time.
        let at = ids.iter().take_while(|&&other| graph.values[other].name < value.name).count();
        ids.insert(at, id);
    }
    ids
}
