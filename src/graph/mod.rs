//! Floor 2: the model as data. Values are wires, nodes are operators, parameters are values that carry numbers.
//!
//! As in ONNX there is no second notion of a layer: import, pruning, training and export all see this one structure.

pub mod boosted;
pub mod build;
pub mod bypass;
pub mod count;
pub mod couple;
pub mod factor;
pub mod mask;
pub mod op;
pub mod run;
pub mod slice;

use crate::base::{Error, Result, Shape, Tensor};

pub use build::Builder;
pub use mask::Masks;
pub use op::Op;

/// A wire of a graph: the index of its [`Value`].
pub type ValueId = usize;

/// What a value is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// What comes in, [1, ...] for one example.
    Input,
    /// What an operator gives.
    Activation,
    /// A weight of a linear or convolutional layer: trained, and what pruning is about.
    Weight,
    /// A bias, or scale and shift of a normalisation: trained, never masked on its own.
    Bias,
    /// A running statistic: kept, not trained.
    Stat,
}

/// A wire: name, shape for one example, role, and numbers if it is a parameter.
#[derive(Clone, Debug)]
pub struct Value {
    /// Name, unique in the graph; parameters are called `layer.weight` and the like.
    pub name: String,
    /// Shape; activations have 1 in front for the batch.
    pub shape: Shape,
    /// What it is for.
    pub role: Role,
    /// The numbers of a parameter.
    pub data: Option<Tensor>,
}

/// An operator with its wires.
#[derive(Clone, Debug)]
pub struct Node {
    /// Name of the layer.
    pub name: String,
    /// What it does.
    pub op: op::OpKind,
    /// What goes in.
    pub ins: Vec<ValueId>,
    /// What comes out.
    pub out: ValueId,
}

/// A network: nodes in topological order over values.
#[derive(Clone, Debug)]
pub struct Graph {
    /// The wires.
    pub values: Vec<Value>,
    /// The operators; each comes after what it reads.
    pub nodes: Vec<Node>,
    /// The wires that examples enter by.
    pub inputs: Vec<ValueId>,
    /// The wires that answers leave by.
    pub outputs: Vec<ValueId>,
}

impl Graph {
    /// The wire that examples enter by: the first, where there are several.
    #[inline(never)]
    pub fn input(&self) -> ValueId {
        self.inputs[0]
    }

    /// The wire that answers leave by, [1, classes] of a classifier: the first, where there are several.
    #[inline(never)]
    pub fn output(&self) -> ValueId {
        self.outputs[0]
    }

    /// The one input and the one output, for what knows no more.
    ///
    /// # Errors
    /// When there are several of either; `who` is what cannot take them.
    pub fn only(&self, who: &str) -> Result<(ValueId, ValueId)> {
        let (ins, outs) = (self.inputs.len(), self.outputs.len());
        if (ins, outs) == (1, 1) {
            return Ok((self.input(), self.output()));
        }
        let what = format!("{who} has one input and one output, and this network {ins} and {outs}");
        Err(Error::unsupported(what).hint("run it node by node"))
    }

    /// The weight of a node, where it has one that pruning is about.
    #[inline(never)]
    pub fn weight(&self, node: &Node) -> Option<ValueId> {
        let slots = node.op.weights().iter().filter_map(|&slot| node.ins.get(slot).copied());
        slots.into_iter().find(|&id| self.values[id].role == Role::Weight)
    }

    /// The numbers of a parameter.
    ///
    /// # Errors
    /// When the value is not a parameter.
    pub fn data(&self, id: ValueId) -> Result<&Tensor> {
        let value = &self.values[id];
        value.data.as_ref().ok_or_else(|| Error::state(format!("{} carries no numbers", value.name)))
    }

    /// The numbers of a parameter, to change.
    ///
    /// # Errors
    /// When the value is not a parameter.
    pub fn data_mut(&mut self, id: ValueId) -> Result<&mut Tensor> {
        let value = &mut self.values[id];
        value.data.as_mut().ok_or_else(|| Error::state(format!("{} carries no numbers", value.name)))
    }

    /// All parameters that carry numbers, in order.
    pub fn parameters(&self) -> impl Iterator<Item = (ValueId, &Value)> {
        self.values.iter().enumerate().filter(|(_, value)| value.data.is_some())
    }

    /// The parameters that training changes, in order.
    pub fn trained(&self) -> impl Iterator<Item = ValueId> + '_ {
        self.parameters().filter(|(_, v)| matches!(v.role, Role::Weight | Role::Bias)).map(|(id, _)| id)
    }

    /// The layers that pruning is about: nodes with a weight, as (node index, weight).
    pub fn layers(&self) -> impl Iterator<Item = (usize, ValueId)> + '_ {
        self.nodes.iter().enumerate().filter_map(|(index, node)| Some((index, self.weight(node)?)))
    }

    /// The weights whose outputs are the answers: between these and those no other layer with a weight stands.
    pub fn answering(&self) -> Vec<ValueId> {
        let (mut found, mut next, mut seen) = (Vec::new(), self.outputs.clone(), vec![false; self.values.len()]);
        while let Some(id) = next.pop() {
            let Some(node) = self.producer(id).filter(|_| !std::mem::replace(&mut seen[id], true)) else { continue };
            match self.weight(node) {
                Some(weight) => found.push(weight),
                None => next.extend(&node.ins),
            }
        }
        found
    }

    /// Whether there is a batch norm.
    pub fn has_norms(&self) -> bool {
        self.nodes.iter().any(|node| matches!(node.op, op::OpKind::BatchNorm(_)))
    }

    /// The value with a name.
    pub fn find(&self, name: &str) -> Option<ValueId> {
        self.values.iter().position(|value| value.name == name)
    }

    /// The nodes that read a value.
    pub fn readers(&self, id: ValueId) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(move |node| node.ins.contains(&id))
    }

    /// The node that gives a value; `None` for inputs and parameters.
    pub fn producer(&self, id: ValueId) -> Option<&Node> {
        self.nodes.iter().find(|node| node.out == id)
    }

    /// The shapes that go into a node.
    pub fn shapes_in(&self, node: &Node) -> Vec<&[usize]> {
        node.ins.iter().map(|&id| self.values[id].shape.as_slice()).collect()
    }

    /// Works out every activation's shape anew, after parameters have changed theirs.
    ///
    /// # Errors
    /// When an operator cannot take what it is given; the message names the node.
    pub fn infer(&mut self) -> Result<()> {
        for id in 0..self.values.len() {
            if let Some(data) = &self.values[id].data {
                self.values[id].shape = data.shape().to_vec();
            }
        }
        for index in 0..self.nodes.len() {
            let node = &self.nodes[index];
            let shape = node.op.infer(&self.shapes_in(node)).map_err(|e| e.at(&node.name))?;
            self.values[self.nodes[index].out].shape = shape;
        }
        Ok(())
    }

    /// Names the first parameter that holds a number that is not finite.
    ///
    /// # Errors
    /// When there is one.
    pub fn check_finite(&self) -> Result<()> {
        match self.parameters().find(|(_, v)| v.data.as_ref().is_some_and(|d| d.iter().any(|x| !x.is_finite()))) {
            Some((_, value)) => Err(Error::format(format!("{} holds a number that is not finite", value.name))
                .hint("the weights are damaged or their training diverged; load another file")),
            None => Ok(()),
        }
    }
}
