//! A placed program on the GPU: weights uploaded once, values in buffers there, one submission a batch.

use crate::base::{Error, Result, clock};
use crate::compile::choose::decide;
use crate::compile::exec::Timing;
use crate::compile::memory::slots;
use crate::compile::place::Place;
use crate::compile::task::{Placed, PlacedStep};
use crate::compile::{Options, program};
use crate::graph::{Graph, Masks, ValueId};

use super::device::{Call, Device, DeviceBuffer};
use super::maker::{Maker, ProgramStep};
use super::precision::Precision;

/// A program on the GPU for one batch size.
#[derive(Debug)]
pub struct Executor {
    device: Device,
    /// Examples of a run.
    pub batch: usize,
    precision: Precision,
    calls: Vec<Call>,
    layers: Vec<Timing>,
    input: (Place, DeviceBuffer),
    output: (Place, DeviceBuffer),
}

impl Executor {
    /// Uploads a network for a batch that goes through it at once; what is masked counts as zero. Values and weights are
    /// numbers of one precision.
    ///
    /// # Errors
    /// When the program has a step that no kernel here does, or the GPU refuses, or has no such numbers.
    pub async fn new(
        device: Device,
        (graph, masks): (&Graph, &Masks),
        options: &Options<'_>,
        precision: Precision,
    ) -> Result<Self> {
        precision.check(device.half())?;
        let choose = options.choose;
        let Placed { batch, steps, places, input, output } = program(graph, masks, options)?;
        let (slots, rooms) = slots(&steps, &places, input, output);
        let rooms = rooms.iter().map(|&(_, size)| precision.room(&device, size)).collect::<Result<Vec<_>>>()?;
        let (places, slots) = (&places, &slots);
        let maker = Maker { device: &device, places, rooms: &rooms, slots, choose, precision };
        let (mut calls, mut layers) = (Vec::new(), Vec::new());
        for task in steps {
            match task {
                PlacedStep::Split { from, to, stride } => calls.push(maker.split(from, to, stride)?),
                PlacedStep::Layer(layer) => {
                    let (call, why) = match maker.layer(&layer)? {
                        ProgramStep::Ready(call, why) => (call, why),
                        ProgramStep::Trial(mut calls, mut tried) => {
                            device.settled().await?;
                            for (call, candidate) in calls.iter().zip(&mut tried) {
                                candidate.us = device.time(call, maker.room(layer.out)).await?;
                            }
                            let (chosen, why) = decide(tried, choose);
                            (calls.swap_remove(chosen), Some(why))
                        }
                    };
                    calls.push(call);
                    layers.extend(why.map(|why| Timing { name: layer.name.clone(), why }));
                }
            }
        }
        device.settled().await?;
        let end = |id: ValueId| (places[id].clone(), rooms[slots[id]].clone());
        let (input, output) = (end(input), end(output));
        Ok(Self { device, batch, precision, calls, layers, input, output })
    }

    /// Answers [batch, classes], row-major, to one batch of row-major examples.
    ///
    /// # Errors
    /// When the examples are not as many numbers as a batch has, or the GPU fails.
    pub async fn run(&self, x: &[f32]) -> Result<Vec<f32>> {
        let (place, room) = &self.input;
        if x.len() != place.numbers() {
            return Err(Error::shape("numbers of a batch", [place.numbers()], [x.len()]));
        }
        let mut flat = vec![0.0; place.size()];
        place.lay(x, &mut flat);
        self.precision.write(&self.device, room, &flat);
        let (place, room) = &self.output;
        let flat = self.precision.read(&self.device, &self.calls, room, place.size()).await?;
        let mut answers = vec![0.0; place.numbers()];
        place.gather(&flat, &mut answers);
        Ok(answers)
    }

    /// Milliseconds that a run's kernels take on the GPU, by its own clock, on what the last run left in memory: without
    /// launch, upload and readback. `None` where the GPU does not tell.
    ///
    /// # Errors
    /// When the GPU fails.
    pub async fn arithmetic(&self) -> Result<Option<f64>> {
        self.device.timed(&self.calls).await
    }

    /// Milliseconds of so many runs of the kernels one after the other, in one submission, on what the last run left in memory:
    /// launches count, and one wait for the end; upload and answers do not.
    ///
    /// # Errors
    /// When the GPU fails.
    pub async fn repeat(&self, times: usize) -> Result<f64> {
        let calls: Vec<Call> = self.calls.iter().cycle().take(times * self.calls.len()).cloned().collect();
        let start = clock::now_ms();
        self.device.run(&calls, &self.output.1, 1).await?;
        Ok(clock::now_ms() - start)
    }

    /// The weighted layers with their kernels, in order.
    pub fn layers(&self) -> &[Timing] {
        &self.layers
    }

    /// Dispatches of a run.
    pub fn dispatches(&self) -> usize {
        self.calls.len()
    }
}
