//! Building a graph layer by layer, with weights drawn as they are for training from scratch.

use crate::base::{Result, Rng, Shape, Tensor, math, tensor};

use super::op::{self, OpKind};
use super::{Graph, Node, Role, Value, ValueId};

/// Adds layers to a graph.
#[derive(Debug)]
pub struct Builder {
    graph: Graph,
    rng: Rng,
}

/// Sizes of a square convolution.
#[derive(Clone, Copy, Debug)]
pub struct Square {
    /// Output channels.
    pub out: usize,
    /// Rows and columns of the kernel.
    pub kernel: usize,
    /// Step between outputs.
    pub stride: usize,
    /// Zeros around the input.
    pub pad: usize,
}

impl Builder {
    /// A graph with an input of a shape without the batch, `[C, H, W]` or `[C]`; weights are drawn from a seed.
    pub fn new(input: &[usize], seed: u64) -> Self {
        let shape: Shape = std::iter::once(1).chain(input.iter().copied()).collect();
        let value = Value { name: "input".into(), shape, role: Role::Input, data: None };
        let graph = Graph { values: vec![value], nodes: Vec::new(), inputs: vec![0], outputs: Vec::new() };
        Self { graph, rng: Rng::fork(seed, "init") }
    }

    /// Another input of a shape without the batch; examples have a tensor for each.
    pub fn another_input(&mut self, name: &str, shape: &[usize]) -> ValueId {
        let shape = std::iter::once(1).chain(shape.iter().copied()).collect();
        self.graph.values.push(Value { name: name.into(), shape, role: Role::Input, data: None });
        self.graph.inputs.push(self.graph.values.len() - 1);
        self.graph.values.len() - 1
    }

    /// The wire that examples enter by.
    pub fn input(&self) -> ValueId {
        self.graph.input()
    }

    /// The shape of a wire.
    pub fn shape(&self, id: ValueId) -> &[usize] {
        &self.graph.values[id].shape
    }

    /// Adds a parameter.
    pub fn parameter(&mut self, name: String, role: Role, data: Tensor) -> ValueId {
        self.graph.values.push(Value { name, shape: data.shape().to_vec(), role, data: Some(data) });
        self.graph.values.len() - 1
    }

    /// Adds an operator.
    ///
    /// # Errors
    /// When it cannot take its inputs.
    pub fn node(&mut self, name: &str, op: impl Into<OpKind>, ins: &[ValueId]) -> Result<ValueId> {
        let op = op.into();
        let shapes: Vec<&[usize]> = ins.iter().map(|&id| self.graph.values[id].shape.as_slice()).collect();
        let shape = op.infer(&shapes).map_err(|e| e.at(name))?;
        self.graph.values.push(Value { name: name.into(), shape, role: Role::Activation, data: None });
        let out = self.graph.values.len() - 1;
        self.graph.nodes.push(Node { name: name.into(), op, ins: ins.to_vec(), out });
        Ok(out)
    }

    /// Normal numbers with variance 2 / fan-in: He et al., ICCV 2015.
    fn he(&mut self, shape: &[usize]) -> Tensor {
        self.normal(shape, math::sqrt(2.0 / tensor::count(&shape[1..]) as f32))
    }

    fn normal(&mut self, shape: &[usize], spread: f32) -> Tensor {
        let mut data = tensor::zeros(shape);
        data.iter_mut().for_each(|x| *x = spread * self.rng.normal());
        data
    }

    /// A fully connected layer with bias over the last axis: [N, in] to [N, out], or [N, T, in] to [N, T, out].
    ///
    /// # Errors
    /// When the input has no features.
    pub fn linear(&mut self, name: &str, x: ValueId, out: usize) -> Result<ValueId> {
        let inputs = self.shape(x).last().copied().unwrap_or(0);
        let data = self.he(&[out, inputs]);
        self.linear_with(name, x, data)
    }

    /// [`Builder::linear`] with weights of variance 2 / (in + out): Glorot and Bengio, AISTATS 2010. For transformers.
    ///
    /// # Errors
    /// As for [`Builder::linear`].
    pub fn glorot_linear(&mut self, name: &str, x: ValueId, out: usize) -> Result<ValueId> {
        let inputs = self.shape(x).last().copied().unwrap_or(0);
        let data = self.normal(&[out, inputs], math::sqrt(2.0 / (inputs + out) as f32));
        self.linear_with(name, x, data)
    }

    fn linear_with(&mut self, name: &str, x: ValueId, data: Tensor) -> Result<ValueId> {
        let out = data.shape()[0];
        let w = self.parameter(format!("{name}.weight"), Role::Weight, data);
        let b = self.parameter(format!("{name}.bias"), Role::Bias, tensor::zeros(&[out]));
        self.node(name, op::Linear, &[x, w, b])
    }

    /// A row of a table [vocabulary, D] for each token of [N, T], by number: to [N, T, D].
    ///
    /// # Errors
    /// When the input is not token numbers.
    pub fn embedding(&mut self, name: &str, x: ValueId, table: [usize; 2]) -> Result<ValueId> {
        let data = self.normal(&table, 0.02);
        let table = self.parameter(format!("{name}.weight"), Role::Bias, data);
        self.node(name, op::Embedding, &[x, table])
    }

    /// A number for each feature of each place, added to tokens [N, T, D].
    ///
    /// # Errors
    /// When the input is not tokens.
    pub fn positions(&mut self, name: &str, x: ValueId) -> Result<ValueId> {
        let shape = self.shape(x)[1..].to_vec();
        let data = self.normal(&shape, 0.02);
        let place = self.parameter(format!("{name}.weight"), Role::Bias, data);
        self.node(name, op::Add, &[x, place])
    }

    /// Layer normalisation over features.
    ///
    /// # Errors
    /// When the input has none.
    pub fn layer_norm(&mut self, name: &str, x: ValueId) -> Result<ValueId> {
        let d = [self.shape(x).last().copied().unwrap_or(0)];
        let scale = self.parameter(format!("{name}.weight"), Role::Bias, tensor::full(&d, 1.0));
        let shift = self.parameter(format!("{name}.bias"), Role::Bias, tensor::zeros(&d));
        self.node(name, op::LayerNorm::default(), &[x, scale, shift])
    }

    /// A convolution; `bias` where no batch norm follows.
    ///
    /// # Errors
    /// When the input is not a batch of images or the kernel does not fit.
    pub fn conv(&mut self, name: &str, x: ValueId, square: Square, bias: bool) -> Result<ValueId> {
        let channels = self.shape(x)[1];
        self.filters(name, x, square, channels, bias)
    }

    /// A convolution with a filter of its own for every channel, without bias.
    ///
    /// # Errors
    /// As for [`Builder::conv`].
    pub fn depthwise(&mut self, name: &str, x: ValueId, square: Square) -> Result<ValueId> {
        self.filters(name, x, square, 1, false)
    }

    fn filters(&mut self, name: &str, x: ValueId, s: Square, depth: usize, bias: bool) -> Result<ValueId> {
        let data = self.he(&[s.out, depth, s.kernel, s.kernel]);
        let mut ins = vec![x, self.parameter(format!("{name}.weight"), Role::Weight, data)];
        if bias {
            ins.push(self.parameter(format!("{name}.bias"), Role::Bias, tensor::zeros(&[s.out])));
        }
        self.node(name, op::Conv { stride: [s.stride; 2], pad: [s.pad; 2], dilation: [1; 2] }, &ins)
    }

    /// Batch normalisation over channels.
    ///
    /// # Errors
    /// When the input has no channels.
    pub fn batch_norm(&mut self, name: &str, x: ValueId) -> Result<ValueId> {
        let c = [self.shape(x)[1]];
        let ins = [
            x,
            self.parameter(format!("{name}.weight"), Role::Bias, tensor::full(&c, 1.0)),
            self.parameter(format!("{name}.bias"), Role::Bias, tensor::zeros(&c)),
            self.parameter(format!("{name}.running_mean"), Role::Stat, tensor::zeros(&c)),
            self.parameter(format!("{name}.running_var"), Role::Stat, tensor::full(&c, 1.0)),
        ];
        self.node(name, op::BatchNorm::default(), &ins)
    }

    /// The finished graph, with its output.
    pub fn finish(self, output: ValueId) -> Graph {
        self.finish_with(vec![output])
    }

    /// The finished graph, with several outputs.
    pub fn finish_with(mut self, outputs: Vec<ValueId>) -> Graph {
        self.graph.outputs = outputs;
        self.graph
    }
}
