//! What stands for a GPU in a build without the feature `gpu`: no value of these types can be made, so code that asks for one
//! is the same in every build and finds none.

use crate::base::{Error, Result, Tensor};
use crate::compile::{Options, Timing};
use crate::graph::{Graph, Masks};
use crate::train::Loss;
use crate::train::look::{Look, Seen};
use crate::train::optim::Optimizer;

#[derive(Clone, Copy, Debug)]
enum Never {}

/// A GPU that this build cannot have.
#[derive(Clone, Debug)]
pub struct Device(Never);

impl Device {
    /// Finds none.
    ///
    /// # Errors
    /// Always.
    pub async fn open() -> Result<Self> {
        Err(Error::unsupported("this build has no support for GPUs").hint("everything runs on the processor without"))
    }

    /// Its name for itself.
    pub fn name(&self) -> &str {
        match self.0 {}
    }

    /// Whether kernels may work on numbers of two bytes.
    pub fn half(&self) -> bool {
        match self.0 {}
    }
}

/// Precision of weights and values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// 32 bits.
    #[default]
    Single,
    /// 16 bits.
    Half,
}

/// A program that this build cannot have.
#[derive(Debug)]
pub struct Executor(Never);

impl Executor {
    /// Nothing to upload to.
    ///
    /// # Errors
    /// Never called: there is no device.
    pub async fn new(device: Device, _: (&Graph, &Masks), _: &Options<'_>, _: Precision) -> Result<Self> {
        match device.0 {}
    }

    /// Answers to a batch.
    ///
    /// # Errors
    /// Never called: there is no executor.
    pub async fn run(&self, _: &[f32]) -> Result<Vec<f32>> {
        match self.0 {}
    }

    /// Milliseconds that a run's kernels take.
    ///
    /// # Errors
    /// Never called: there is no executor.
    pub async fn arithmetic(&self) -> Result<Option<f64>> {
        match self.0 {}
    }

    /// Milliseconds of so many runs of the kernels.
    ///
    /// # Errors
    /// Never called: there is no executor.
    pub async fn repeat(&self, _: usize) -> Result<f64> {
        match self.0 {}
    }

    /// The weighted layers with their kernels, in order.
    pub fn layers(&self) -> &[Timing] {
        match self.0 {}
    }

    /// Dispatches of a run.
    pub fn dispatches(&self) -> usize {
        match self.0 {}
    }
}

/// What one step gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Learnt {
    /// Mean loss of the batch before the step.
    pub loss: f64,
    /// Share of right answers in the batch.
    pub accuracy: f64,
}

/// Training that this build cannot do.
#[derive(Clone, Debug)]
pub struct Learner(Never);

impl Learner {
    /// Nothing to upload to.
    ///
    /// # Errors
    /// Never called: there is no device.
    pub async fn new(device: Device, _: &Graph, _: &Masks, _: &Optimizer, _: Loss, _: usize) -> Result<Self> {
        match device.0 {}
    }

    /// One training step.
    ///
    /// # Errors
    /// Never called: there is no learner.
    pub async fn step(&mut self, _: &Tensor, _: &[usize], _: Option<&Tensor>, _: f32) -> Result<Learnt> {
        match self.0 {}
    }

    /// Downloads what was learned.
    ///
    /// # Errors
    /// Never called: there is no learner.
    pub async fn pull(&self, _: &mut Graph, _: &mut Optimizer) -> Result<()> {
        match self.0 {}
    }

    /// Uploads a network anew.
    ///
    /// # Errors
    /// Never called: there is no learner.
    pub fn push(&mut self, _: &Graph, _: &Masks, _: &Optimizer) -> Result<()> {
        match self.0 {}
    }
}

/// Calibration passes that this build cannot do.
#[derive(Debug)]
pub struct Calibrator(Never);

impl Calibrator {
    /// Nothing to upload to.
    ///
    /// # Errors
    /// Never called: there is no device.
    pub async fn new(device: Device, _: &Graph, _: &Look, _: usize) -> Result<Self> {
        match device.0 {}
    }

    /// What it looks for.
    pub fn what(&self) -> &Look {
        match self.0 {}
    }

    /// Examples of a batch.
    pub fn batch(&self) -> usize {
        match self.0 {}
    }

    /// Uploads a network anew.
    ///
    /// # Errors
    /// Never called: there is no calibrator.
    pub fn push(&mut self, _: &Graph) -> Result<()> {
        match self.0 {}
    }

    /// Looks at a batch.
    ///
    /// # Errors
    /// Never called: there is no calibrator.
    pub async fn look(&mut self, _: &Tensor, _: &[usize]) -> Result<Seen> {
        match self.0 {}
    }
}
