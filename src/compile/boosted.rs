//! Convolutions of which each image runs the most salient channels only: their rows are packed as the image is known, without the
//! columns of channels that came in as zeros.

use crate::base::{Error, Result};
use crate::graph::ValueId;
use crate::graph::op::boost;
use crate::kernel::block::Blocks;
use crate::kernel::flat::{self, Layout};
use crate::kernel::geometry::Geometry;
use crate::kernel::lines::Lines;
use crate::kernel::rows;
use crate::kernel::simd::Rounding;
use crate::kernel::store::{Epilogue, Planes};

use super::choose::{self, Choose, Why};
use super::lower::{Boosted, Weighted};
use super::memory::Memory;
use super::place::Place;

/// A boosted convolution for one image at a time.
#[derive(Clone, Debug)]
pub struct BoostedLayer {
    /// Columns [depth, O], with the norm in them.
    columns: Vec<f32>,
    bias: Vec<f32>,
    clamp: [f32; 2],
    /// β and k.
    boost: Boosted,
    geometry: Geometry,
    /// Where the taps of a row lie.
    offsets: Vec<u32>,
    /// Where the input lies.
    layout: Layout,
    /// Which mask keeps the gaps of the output zero.
    mask: usize,
}

/// A convolution ready to run on a plan's memory. It has one kernel, which is timed to be told: with as many channels as an image may
/// want.
///
/// # Errors
/// When its input is no image, or of more than one.
#[inline(never)]
pub fn prepare(
    w: Weighted,
    geometry: Geometry,
    boost: Boosted,
    memory: &mut Memory,
    ins: &[ValueId],
    out: ValueId,
    how: Choose,
) -> Result<(Box<BoostedLayer>, Why)> {
    let Place::Flat { layout, .. } = memory.place(ins[0]).clone() else {
        return Err(Error::state("a convolution reads images"));
    };
    let layer = Box::new(BoostedLayer::new(w, geometry, boost, &layout, memory.mask(out))?);
    let mut y = memory.take(out);
    let why = choose::only("boosted 6x1", layer.bytes(), 0.7 * layer.most() as f64, how, &mut || {
        layer.run_most(memory, ins, out, y.floats());
    });
    y.floats().fill(0.0);
    memory.put(out, y);
    Ok((layer, why))
}

/// What an image wants of a convolution.
#[derive(Debug)]
struct Wanted<'a> {
    /// Output channels, in order.
    rows: Vec<usize>,
    /// By output channel.
    saliencies: &'a [f32],
    /// Input channels with a pixel that is not zero.
    incoming: Vec<bool>,
}

impl BoostedLayer {
    /// Of a convolution whose input lies in a layout.
    ///
    /// # Errors
    /// When the layout is of more than one image: each has channels of its own.
    pub fn new(w: Weighted, geometry: Geometry, boost: Boosted, layout: &Layout, mask: usize) -> Result<Self> {
        if layout.n != 1 {
            return Err(Error::state("images go through a boosted convolution one at a time"));
        }
        let offsets = geometry.offsets(layout, 0);
        let mut columns = vec![0.0; w.weights.len()];
        rows::turn(&w.weights, &mut columns, [geometry.o, geometry.depth()], [geometry.depth(), geometry.o]);
        Ok(Self { columns, bias: w.bias, clamp: w.clamp, boost, geometry, offsets, layout: layout.clone(), mask })
    }

    /// Bytes of its weights, which are packed anew for each image.
    pub fn bytes(&self) -> usize {
        4 * (self.columns.len() + self.bias.len() + self.boost.shift.len())
    }

    /// Multiply-adds of an image of which every channel comes in.
    pub fn most(&self) -> u64 {
        (self.boost.kept * self.geometry.depth() * self.geometry.pixels()) as u64
    }

    /// Input channels with a pixel that is not zero.
    fn incoming(&self, x: &[f32]) -> Vec<bool> {
        let [sy, sx] = self.geometry.stride;
        let plane = |i: usize| &x[i * self.layout.plane..(i + 1) * self.layout.plane];
        let c = self.geometry.c;
        (0..c).map(|channel| (0..sy * sx).any(|phase| plane(phase * c + channel).iter().any(|&x| x != 0.0))).collect()
    }

    /// Runs the channels that an image wants, from input, saliencies and, if there is one, residual, into `y`; gives the
    /// multiply-adds that it took.
    pub fn run(&self, memory: &Memory, ins: &[ValueId], out: ValueId, y: &mut [f32]) -> u64 {
        let (x, saliencies) = (memory.read(ins[0]), memory.read(ins[1]));
        let rows = boost::active(&saliencies[..self.bias.len()], self.boost.kept);
        self.rows(&Wanted { rows, saliencies: &saliencies, incoming: self.incoming(&x) }, memory, ins, out, y)
    }

    /// Runs as much as any image may want, to be timed before there is one.
    pub fn run_most(&self, memory: &Memory, ins: &[ValueId], out: ValueId, y: &mut [f32]) {
        let (rows, incoming) = ((0..self.boost.kept).collect(), vec![true; self.geometry.c]);
        let saliencies = vec![1.0; self.bias.len()];
        self.rows(&Wanted { rows, saliencies: &saliencies, incoming }, memory, ins, out, y);
    }

    fn rows(&self, wanted: &Wanted, memory: &Memory, ins: &[ValueId], out: ValueId, y: &mut [f32]) -> u64 {
        let Place::Flat { channels, size, layout: to, .. } = memory.place(out) else { return 0 };
        let Wanted { rows, saliencies, incoming } = wanted;
        let (depth, taps) = (self.geometry.depth(), self.geometry.taps());
        let columns: Vec<usize> = (0..depth).filter(|t| incoming[t / taps]).collect();
        let offsets: Vec<u32> = columns.iter().map(|&t| self.offsets[t]).collect();
        let bias: Vec<f32> = rows.iter().map(|&row| self.bias[row]).collect();
        let panel = self.geometry.panel(&self.layout, columns.len());
        let blocks = Blocks::choose(&self.columns, self.bias.len(), rows, &columns, &offsets, panel);
        let store = Epilogue { bias: &bias, rounding: Rounding::Fast, ..Epilogue::PLAIN };
        let planes = Planes { lead: to.lead, plane: to.plane };
        let span = to.span(*size);
        let mut sums = Lines::filled(0.0, flat::size(rows.len(), to));
        blocks.run(&memory.read(ins[0]), &mut sums, planes, span, &store);
        let aside = ins.get(2).map(|&id| memory.read(id));
        let mask = memory.masks.get(self.mask);
        let mut next = rows.iter().enumerate().peekable();
        for channel in 0..*channels {
            let at = channel * to.plane + to.lead;
            let residual = aside.as_deref().and_then(|residual| residual.get(at..at + span));
            let y = &mut y[at..at + span];
            match next.next_if(|(_, row)| **row == channel) {
                None => y.fill(0.0),
                Some((i, _)) => {
                    let (g, beta) = (saliencies[channel], self.boost.shift[channel]);
                    y.iter_mut().zip(&sums[i * to.plane + to.lead..]).for_each(|(y, sum)| *y = g * sum + beta);
                }
            }
            self.finish(residual, mask, y);
        }
        (rows.len() * columns.len() * self.geometry.pixels()) as u64
    }

    /// y = clamp(y + residual) * mask, where there are such.
    fn finish(&self, residual: Option<&[f32]>, mask: &[f32], y: &mut [f32]) {
        if let Some(residual) = residual {
            y.iter_mut().zip(residual).for_each(|(y, r)| *y += r);
        }
        let [low, high] = self.clamp;
        y.iter_mut().for_each(|y| *y = y.max(low).min(high));
        y.iter_mut().zip(mask).for_each(|(y, mask)| *y *= mask);
    }
}
