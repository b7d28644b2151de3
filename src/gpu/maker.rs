//! Making the calls of a program: kernels compiled once each, steps wired to the buffers of their values.

use crate::base::{Error, Result};
use crate::compile::choose::{Candidate, Choose, Why};
use crate::compile::lower::{LoweredLayer, LoweredOp};
use crate::compile::place::Place;
use crate::graph::ValueId;
use crate::graph::op::OpKind;
use crate::kernel::flat::Layout;

use super::device::{Call, Device, DeviceBuffer, Kernel, Wires};
use super::each;
use super::precision::Precision;
use super::wgsl::{ACROSS, WIDE};

/// What the calls of a program are made from.
pub struct Maker<'a> {
    /// The GPU.
    pub device: &'a Device,
    /// Places, by value.
    pub places: &'a [Place],
    /// All buffers.
    pub rooms: &'a [DeviceBuffer],
    /// By value: its buffer.
    pub slots: &'a [usize],
    /// How kernels of weighted layers are chosen.
    pub choose: Choose,
    /// The numbers that it works on.
    pub precision: Precision,
}

/// A step of a program.
pub enum ProgramStep {
    /// Ready to run; a layer with weights says why on this kernel.
    Ready(Call, Option<Why>),
    /// To be chosen among by time.
    Trial(Vec<Call>, Vec<Candidate>),
}

/// Kernel parameters that say where a value's pixels lie; a vector's features are planes of one.
pub fn lies(place: &Place) -> Result<[u32; 4]> {
    let numbers = match place {
        Place::Flat { layout: l, .. } => [l.lead, l.plane, l.pitch, l.rows],
        Place::Vector(_) => [0, 1, 1, 1],
        Place::Plain(_) => return Err(unsupported("a value that is neither images nor features")),
    };
    Ok(numbers.map(|n| n as u32))
}

/// What only the processor does.
pub fn unsupported(what: &str) -> Error {
    Error::unsupported(format!("the GPU does not do {what}")).hint("run this network on the processor")
}

/// A value's images: channels, rows and columns, and layout.
pub fn images(place: &Place) -> Result<(usize, [usize; 2], &Layout)> {
    match place {
        Place::Flat { channels, size, layout, .. } => Ok((*channels, *size, layout)),
        _ => Err(unsupported("this on anything but images")),
    }
}

/// A value's features: how many, and of how many images.
fn features(place: &Place) -> Result<(usize, usize)> {
    match place {
        Place::Flat { channels, size: [1, 1], layout, .. } if layout.pitch * layout.rows == 1 => {
            Ok((*channels, layout.n))
        }
        Place::Vector(n) => Ok((*n, 1)),
        _ => Err(unsupported("this on anything but features")),
    }
}

/// Workgroups of an elementwise kernel.
pub fn over(count: usize) -> [usize; 2] {
    let groups = count.div_ceil(WIDE);
    [groups.min(ACROSS), groups.div_ceil(ACROSS)]
}

impl Maker<'_> {
    /// The buffer of a value.
    pub fn room(&self, id: ValueId) -> &DeviceBuffer {
        &self.rooms[self.slots[id]]
    }

    /// A compiled kernel; the name is for messages.
    pub fn kernel(&self, name: &str, wgsl: String) -> Kernel {
        self.device.kernel(name, self.precision.preamble().to_string() + &wgsl)
    }

    /// A call of an elementwise kernel over `count` numbers.
    fn each(&self, kernel: &Kernel, ins: [ValueId; 2], out: ValueId, count: usize, rest: &[u32]) -> Result<Call> {
        let [x, aside] = ins.map(|id| self.room(id));
        let wires = Wires { x, y: self.room(out), aside, table: x, weights: x };
        self.device.call(kernel, wires, &[&[count as u32], rest].concat(), over(count))
    }

    /// Rows and columns sorted into phases.
    pub fn split(&self, from: ValueId, to: ValueId, [up, across]: [usize; 2]) -> Result<Call> {
        let kernel = self.kernel("split", each::split());
        let (c, [h, w], layout) = images(&self.places[from])?;
        let (planes, [high, wide], _) = images(&self.places[to])?;
        let sizes = [layout.n, c, h, w, up, across].map(|n| n as u32);
        let rest = [&sizes[..], &lies(&self.places[from])?, &lies(&self.places[to])?, &[high as u32, wide as u32]];
        self.each(&kernel, [from; 2], to, planes * layout.n * high * wide, &rest.concat())
    }

    /// A layer, ready to run or with the forms among which its time is to choose.
    pub fn layer(&self, layer: &LoweredLayer) -> Result<ProgramStep> {
        let (from, to) = (&self.places[layer.ins[0]], &self.places[layer.out]);
        match &layer.work {
            LoweredOp::Conv(w, v) => self.convolution(layer, w, v),
            LoweredOp::Linear(w) => self.linear(layer, w),
            LoweredOp::Pool(window, mean) => {
                let kernel = self.kernel("pool", each::pool());
                let (c, [h, w], layout) = images(from)?;
                let (_, [high, wide], _) = images(to)?;
                let mut table: Vec<u32> =
                    [window.kernel, window.stride, window.pad].as_flattened().iter().map(|&n| n as u32).collect();
                table.push(mean.map_or(0, |border| 1 + u32::from(border)));
                let sizes = [layout.n, h, w].map(|n| n as u32);
                let count = c * layout.n * high * wide;
                let params =
                    [&[count as u32][..], &sizes, &lies(from)?, &lies(to)?, &[high as u32, wide as u32]].concat();
                let x = self.room(layer.ins[0]);
                let table = self.device.hold(&table)?;
                let wires = Wires { x, y: self.room(layer.out), aside: x, table: &table, weights: x };
                Ok(ProgramStep::Ready(self.device.call(&kernel, wires, &params, over(count))?, None))
            }
            LoweredOp::Means { absolute: false } => {
                let kernel = self.kernel("means", each::means());
                let (c, [h, w], layout) = images(from)?;
                let rest = [&[layout.n, h, w].map(|n| n as u32)[..], &lies(from)?, &lies(to)?].concat();
                Ok(ProgramStep::Ready(self.each(&kernel, [layer.ins[0]; 2], layer.out, c * layout.n, &rest)?, None))
            }
            LoweredOp::Add(clamp) => {
                let kernel = self.kernel("add", each::add());
                let count = to.size();
                let ins = [layer.ins[0], layer.ins[1]];
                Ok(ProgramStep::Ready(self.each(&kernel, ins, layer.out, count, &self.precision.bounds(*clamp))?, None))
            }
            LoweredOp::Flatten => {
                let kernel = self.kernel("flatten", each::flatten());
                let (c, [h, w], layout) = images(from)?;
                let rest = [&[layout.n, h, w].map(|n| n as u32)[..], &lies(from)?, &lies(to)?].concat();
                Ok(ProgramStep::Ready(
                    self.each(&kernel, [layer.ins[0]; 2], layer.out, c * h * w * layout.n, &rest)?,
                    None,
                ))
            }
            LoweredOp::Other(OpKind::Softmax(_), _) => {
                let kernel = self.kernel("softmax", each::softmax());
                let (classes, n) = features(from)?;
                let rest = [&[classes as u32][..], &lies(from)?, &lies(to)?].concat();
                Ok(ProgramStep::Ready(self.each(&kernel, [layer.ins[0]; 2], layer.out, n, &rest)?, None))
            }
            LoweredOp::Boosted(..) | LoweredOp::Means { absolute: true } => {
                Err(unsupported(&format!("channels that are chosen for each image ({})", layer.name)))
            }
            LoweredOp::Other(op, _) => Err(unsupported(&format!("{} ({})", op.kind(), layer.name))),
        }
    }
}
