//! One layer set up to run in any form, outside a network.

use crate::base::sampling::Sampling;
use crate::base::{Error, Flat, Result, Rng, clock};
use crate::compile::GroupRule;
use crate::compile::choose;
use crate::compile::forms::{self, Form, Packed};
use crate::compile::lower::Weighted;
use crate::graph::Graph;
use crate::kernel::flat::{self, Layout};
use crate::kernel::geometry::Geometry;
use crate::kernel::lines::Lines;
use crate::kernel::peak;
use crate::kernel::simd::Rounding;
use crate::kernel::store::{Epilogue, Planes};

use super::Layer;

/// Interleaved samples of each side.
const SAMPLES: usize = 9;
/// A sample lasts this many steps of the clock, within limits in milliseconds: there are many points.
const STEPS: f64 = 40.0;
const LENGTHS: [f64; 2] = [1.0, 12.0];

/// How long a sample must be for a clock, in milliseconds.
pub fn length(step: f64) -> f64 {
    (STEPS * step).clamp(LENGTHS[0], LENGTHS[1])
}

/// A layer ready to run in any form.
#[derive(Debug)]
pub struct Rig {
    conv: Geometry,
    from: Layout,
    to: Layout,
    mask: Lines<f32>,
    x: Lines<f32>,
    y: Lines<f32>,
}

impl Rig {
    /// A layer with an image to run on.
    pub fn new(layer: Layer) -> Self {
        let kernel = layer.kernel.max(1);
        let conv = Geometry {
            n: 1,
            c: layer.channels,
            size: [layer.side; 2],
            o: layer.outputs,
            kernel: [kernel; 2],
            stride: [1; 2],
            pad: [kernel / 2; 2],
            dilation: [1; 2],
            groups: 1,
        };
        let (from, mut rng) = (conv.layout(), Rng::fork(1, "survey"));
        let to = Layout::new(1, from.pitch, from.rows, 0, 0);
        let (mut x, mut mask) = (Lines::filled(0.0, flat::size(conv.c, &from)), Lines::default());
        let image: Vec<f32> = (0..conv.c * layer.side * layer.side).map(|_| rng.normal()).collect();
        flat::split(&image, [conv.c, layer.side, layer.side], [1; 2], &from, &mut x);
        if layer.kernel > 1 {
            mask = Lines::filled(0.0, to.run().next_multiple_of(flat::SLACK));
            (0..layer.side).for_each(|y| mask[to.row(0, y)..][..layer.side].fill(1.0));
        }
        let y = Lines::filled(0.0, flat::size(conv.o, &to));
        if layer.kernel == 0 {
            x[..image.len()].copy_from_slice(&image);
        }
        Self { conv, from, to, mask, x, y }
    }

    /// All forms of the first `outputs` rows of a layer's weights.
    pub fn forms(&self, graph: &Graph, rules: &[GroupRule], outputs: usize) -> Result<Vec<Form>> {
        let mut weights = Vec::new();
        for (_, id) in graph.layers() {
            weights = graph.data(id)?.flat()[..outputs * self.conv.depth()].to_vec();
        }
        let rule = rules.first().map(|r| (r.n, r.m));
        let w = Weighted { weights, bias: vec![0.0; outputs], clamp: [0.0, f32::INFINITY], rule };
        Ok(match self.conv.size {
            [1, 1] => forms::vector(&w, 1),
            _ => forms::convolution(&w, &Geometry { o: outputs, ..self.conv }, &self.from, 1),
        })
    }

    fn run(&mut self, packed: &Packed) {
        let store = Epilogue {
            bias: &[],
            residual: &[],
            clamp: [0.0, f32::INFINITY],
            mask: &self.mask,
            rounding: Rounding::Fast,
        };
        let planes = Planes { lead: self.to.lead, plane: self.to.plane };
        let span = self.to.span(self.conv.size);
        match self.conv.size {
            [1, 1] => packed.run(&self.x, &mut self.y[..packed.rows()], Planes { lead: 0, plane: 1 }, 0, &store),
            _ => packed.run(&self.x, &mut self.y, planes, span, &store),
        }
    }

    /// Milliseconds of a number of runs.
    fn time(&mut self, packed: &Packed, runs: usize) -> f64 {
        let start = clock::now_ms();
        (0..runs).for_each(|_| self.run(packed));
        clock::now_ms() - start
    }

    /// The fastest form, by a short trial.
    ///
    /// # Errors
    /// When there is none, which no layer of the survey leads to.
    pub fn fastest(&mut self, mut forms: Vec<Form>) -> Result<Form> {
        if forms.is_empty() {
            return Err(Error::state("no kernel fits a layer of the survey"));
        }
        let best = choose::fastest(&forms, &mut |packed| self.run(packed));
        Ok(forms.swap_remove(best))
    }

    /// Milliseconds a run of both sides, taking turns.
    pub fn race(&mut self, sides: [&Form; 2], step: f64) -> [Vec<f64>; 2] {
        let mut sampling = Sampling::new(2, length(step), step).paired();
        while sampling.samples(0).len() < SAMPLES {
            sampling.round(&mut |side, runs| self.time(&sides[side].packed, runs));
        }
        [0, 1].map(|side| sampling.samples(side).to_vec())
    }
}

/// The multiply-add rate of one thread, the best of some samples.
pub fn gflops(step: f64) -> f64 {
    let least = (STEPS * step).max(4.0);
    let (mut rounds, mut best) = (64, 0.0f64);
    for _ in 0..12 {
        let start = clock::now_ms();
        let count = peak::run(rounds);
        let ms = clock::now_ms() - start;
        if ms < least {
            rounds *= 2;
        } else {
            best = best.max(2.0 * count as f64 / ms / 1e6);
        }
    }
    best
}
