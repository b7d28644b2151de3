//! The operators: one a file, each with shapes, forward, backward, tangents, coupling and cost.
//!
//! An operator is a plain struct of attributes. [`OpKind`] is the list of them all: what the compiler, the formats and the
//! page match on. Adding one is a file and a line in the list.

mod abs_mean;
mod activation;
mod add;
mod attention;
mod avg_pool;
mod batch_norm;
pub mod boost;
mod broadcast;
mod concat;
mod conv;
mod dropout;
mod embedding;
mod flatten;
mod gelu;
mod global_pool;
mod hard_swish;
mod identity;
mod layer_norm;
mod leaky_relu;
mod linear;
mod max_pool;
mod mul;
mod pool;
mod relu;
mod relu6;
mod reshape;
mod sigmoid;
mod silu;
mod softmax;
mod tanh;
mod token_mean;
mod tokens;

use std::fmt::Debug;
use std::ops::Deref;

use crate::base::{Error, Result, Shape, Tensor, tensor};

use super::couple::Ties;

pub use activation::Curve;
pub use pool::Window;
pub use softmax::softmax;

/// Whether a run is part of training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    /// Batch statistics and dropout on.
    pub train: bool,
    /// Seed of what is random (dropout); the runner adds the node's index.
    pub seed: u64,
}

impl Mode {
    /// Evaluation: running statistics, nothing random.
    pub const EVAL: Self = Self { train: false, seed: 0 };

    /// Training with a seed.
    pub fn train(seed: u64) -> Self {
        Self { train: true, seed }
    }
}

/// What a forward pass gives.
#[derive(Debug)]
pub struct Pass {
    /// The output.
    pub y: Tensor,
    /// What the backward pass will want.
    pub saved: Vec<Tensor>,
    /// New running statistics, by input.
    pub updates: Vec<(usize, Tensor)>,
}

impl From<Tensor> for Pass {
    fn from(y: Tensor) -> Self {
        Self { y, saved: Vec::new(), updates: Vec::new() }
    }
}

/// The point at which a derivative is taken: what a forward pass read, gave and kept.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    /// The inputs.
    pub ins: &'a [&'a Tensor],
    /// The output.
    pub y: &'a Tensor,
    /// What was kept.
    pub saved: &'a [Tensor],
    /// Mode of the pass.
    pub mode: Mode,
}

/// The axis of an activation that its channels lie on: 1 of [N, C, ...], the last of tokens [N, T, C].
pub fn channel_axis(shape: &[usize]) -> usize {
    if shape.len() == 3 { 2 } else { 1 }
}

/// Gradients of the inputs; `None` where an input has none.
pub type Grads = Vec<Option<Tensor>>;

/// A direction: the tangent of each input, `None` for zero.
pub type Dots<'a> = [Option<&'a Tensor>];

/// An operator.
pub trait Op: Debug + Send + Sync {
    /// Name of the kind, as ONNX has it.
    fn kind(&self) -> &'static str;

    /// Shape of the output; also the check of the inputs.
    ///
    /// # Errors
    /// When the inputs do not fit.
    fn infer(&self, ins: &[&[usize]]) -> Result<Shape>;

    /// The output.
    ///
    /// # Errors
    /// When the inputs do not fit.
    fn forward(&self, ins: &[&Tensor], mode: Mode) -> Result<Pass>;

    /// Gradients of the inputs from that of the output.
    ///
    /// # Errors
    /// When the shapes do not fit.
    fn backward(&self, at: At, grad: &Tensor) -> Result<Grads>;

    /// [`Op::backward`] that may leave out the gradient of weights that a mask cuts: nothing learns from it.
    ///
    /// # Errors
    /// When the shapes do not fit.
    fn backward_kept(&self, at: At, grad: &Tensor, kept: Option<&[u8]>) -> Result<Grads> {
        let _ = kept;
        self.backward(at, grad)
    }

    /// Tangent of the output along a direction of the inputs.
    ///
    /// # Errors
    /// When the shapes do not fit.
    fn tangent(&self, at: At, dots: &Dots) -> Result<Tensor>;

    /// Tangents of the gradients that [`Op::backward`] gives, along `dots` for the inputs and `grad_dot` for `grad`.
    ///
    /// With this a Hessian-vector product is exact: no finite difference crosses a kink.
    ///
    /// # Errors
    /// When the shapes do not fit.
    fn backward_tangent(&self, at: At, dots: &Dots, grad: &Tensor, grad_dot: &Tensor) -> Result<Grads> {
        let _ = (dots, grad);
        self.backward(at, grad_dot)
    }

    /// Inputs by position that are weights, [out, in, ...], where parameters stand there.
    fn weights(&self) -> &'static [usize] {
        &[]
    }

    /// Whether zeros in give zeros out, whatever the parameters are.
    fn keeps_zero(&self) -> bool {
        false
    }

    /// Which channels of which values live and die together.
    fn couple(&self, ties: &mut Ties);

    /// Multiply-adds with weights.
    fn macs(&self, ins: &[&[usize]], out: &[usize]) -> u64 {
        let _ = (ins, out);
        0
    }
}

macro_rules! ops {
    ($($(#[$doc:meta])* $name:ident: $file:ident),+ $(,)?) => {
        $(pub use $file::$name;)+

        /// Every operator there is, with its attributes.
        #[derive(Clone, Debug, PartialEq)]
        pub enum OpKind {
            $($(#[$doc])* $name($name)),+
        }

        impl Deref for OpKind {
            type Target = dyn Op;
            fn deref(&self) -> &Self::Target {
                match self { $(Self::$name(op) => op),+ }
            }
        }

        $(impl From<$name> for OpKind {
            fn from(op: $name) -> Self { Self::$name(op) }
        })+
    };
}

ops! {
    /// How strong each channel is.
    AbsMean: abs_mean,
    /// Sum of two values.
    Add: add,
    /// Attention of heads.
    Attention: attention,
    /// Average over windows.
    AvgPool: avg_pool,
    /// Batch normalisation.
    BatchNorm: batch_norm,
    /// The most salient channels of each image.
    Boost: boost,
    /// Values side by side.
    Concat: concat,
    /// Convolution.
    Conv: conv,
    /// Random zeros in training.
    Dropout: dropout,
    /// Rows of a table, by token.
    Embedding: embedding,
    /// All axes after the batch as one.
    Flatten: flatten,
    /// Gaussian error linear unit.
    Gelu: gelu,
    /// Average over all pixels.
    GlobalPool: global_pool,
    /// x times a hard sigmoid.
    HardSwish: hard_swish,
    /// The input itself.
    Identity: identity,
    /// Layer normalisation.
    LayerNorm: layer_norm,
    /// Small slope below zero.
    LeakyRelu: leaky_relu,
    /// Fully connected layer.
    Linear: linear,
    /// Greatest of windows.
    MaxPool: max_pool,
    /// Product of two values.
    Mul: mul,
    /// Zero below zero.
    Relu: relu,
    /// Zero below zero, six above six.
    Relu6: relu6,
    /// Other extents, same numbers.
    Reshape: reshape,
    /// Logistic function.
    Sigmoid: sigmoid,
    /// x times the logistic function.
    Silu: silu,
    /// Shares that sum to one.
    Softmax: softmax,
    /// Hyperbolic tangent.
    Tanh: tanh,
    /// Mean over tokens.
    TokenMean: token_mean,
    /// Pixels as tokens.
    Tokens: tokens,
}

/// Fails unless an operator has a number of inputs in a range.
fn arity(ins: &[&[usize]], want: std::ops::RangeInclusive<usize>) -> Result<()> {
    if want.contains(&ins.len()) { Ok(()) } else { Err(Error::shape("number of inputs", want, ins.len())) }
}

/// Adds b to a, where there may be none of either.
pub(crate) fn accumulate(a: &mut Option<Tensor>, b: Tensor) {
    match a {
        Some(a) => tensor::add(a, &b),
        None => *a = Some(b),
    }
}
