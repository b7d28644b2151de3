//! A placed program on the GPU: weights uploaded once, values in buffers there, one submission a batch.

use std::collections::BTreeMap;

use crate::base::{Error, Result, clock};
use crate::compile::choose::{Candidate, Choose, Why, decide};
use crate::compile::exec::Timing;
use crate::compile::lower::{Job, Layer, Weighted};
use crate::compile::memory::slots;
use crate::compile::place::{Place, Placed, Task};
use crate::graph::ValueId;
use crate::kernel::flat::Layout;

use super::device::{Call, Device, Kernel, Memory, Wires};
use super::pack::Packed;
use super::wgsl::{self, ACROSS, WIDE};

/// A row kernel: its name, rows of a block, pixels of an invocation, whether it leaves zeros out.
type Tile = (&'static str, usize, usize, bool);

/// Row kernels that are tried, dense ones first. More sums an invocation reuse more of what is loaded and leave fewer
/// invocations to hide the waiting.
const TILES: [Tile; 9] = [
    ("gpu dense 4x2", 4, 2, false),
    ("gpu dense 8x1", 8, 1, false),
    ("gpu dense 8x4", 8, 4, false),
    ("gpu dense 1x4", 1, 4, false),
    ("gpu block 4x2", 4, 2, true),
    ("gpu block 2x2", 2, 2, true),
    ("gpu element 1", 1, 1, true),
    ("gpu element 4", 1, 4, true),
    ("gpu element 8", 1, 8, true),
];

/// The greatest and least numbers stand for no bound: a GPU may take infinities for anything.
const OPEN: [f32; 2] = [f32::MIN, f32::MAX];
/// Runs of a sample while kernels are chosen, and samples of each.
const RUNS: usize = 8;
const SAMPLES: usize = 3;

/// A program on the GPU for one batch size.
#[derive(Debug)]
pub struct Executor {
    device: Device,
    /// Examples of a run.
    pub batch: usize,
    calls: Vec<Call>,
    layers: Vec<Timing>,
    input: (Place, Memory),
    output: (Place, Memory),
}

/// Kernels compiled so far, and what a program is built from.
struct Maker<'a> {
    device: &'a Device,
    kernels: BTreeMap<String, Kernel>,
    places: &'a [Place],
    rooms: &'a [Memory],
    slots: &'a [usize],
    choose: Choose,
}

impl Executor {
    /// Uploads a placed program; kernels of weighted layers are chosen as asked.
    ///
    /// # Errors
    /// When the program has a step that no kernel here does, or the GPU refuses.
    pub async fn new(device: Device, placed: Placed, choose: Choose) -> Result<Self> {
        let Placed { batch, steps, places, input, output } = placed;
        let (slots, rooms) = slots(&steps, &places, input, output);
        let rooms = rooms.iter().map(|&(_, size)| device.room(size)).collect::<Result<Vec<_>>>()?;
        let mut maker =
            Maker { device: &device, kernels: BTreeMap::new(), places: &places, rooms: &rooms, slots: &slots, choose };
        let (mut calls, mut layers) = (Vec::new(), Vec::new());
        for task in steps {
            match task {
                Task::Split { from, to, stride } => calls.push(maker.split(from, to, stride).await?),
                Task::Layer(layer) => {
                    let (call, why) = maker.layer(&layer).await?;
                    calls.push(call);
                    layers.extend(why.map(|why| Timing { name: layer.name.clone(), why }));
                }
            }
        }
        let end = |id: ValueId| (places[id].clone(), rooms[slots[id]].clone());
        let (input, output) = (end(input), end(output));
        Ok(Self { device, batch, calls, layers, input, output })
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
        self.device.write(room, &flat);
        let (place, room) = &self.output;
        let flat = self.device.run(&self.calls, room, place.size()).await?;
        let mut answers = vec![0.0; place.numbers()];
        place.gather(&flat, &mut answers);
        Ok(answers)
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

/// Kernel parameters that say where a value's pixels lie; a vector's features are planes of one.
fn lies(place: &Place) -> Result<[u32; 4]> {
    let numbers = match place {
        Place::Flat { layout: l, .. } => [l.lead, l.plane, l.pitch, l.rows],
        Place::Vector(_) => [0, 1, 1, 1],
        Place::Plain(_) => return Err(unsupported("a value that is neither images nor features")),
    };
    Ok(numbers.map(|n| n as u32))
}

/// What no kernel does.
pub(super) fn unsupported(what: &str) -> Error {
    Error::unsupported(format!("the GPU does not do {what}")).hint("run this network on the processor")
}

/// A value's images: channels, rows and columns, and layout.
fn images(place: &Place) -> Result<(usize, [usize; 2], &Layout)> {
    match place {
        Place::Flat { channels, size, layout, .. } => Ok((*channels, *size, layout)),
        _ => Err(unsupported("this on anything but images")),
    }
}

fn bounds(clamp: [f32; 2]) -> [u32; 2] {
    [clamp[0].max(OPEN[0]).to_bits(), clamp[1].min(OPEN[1]).to_bits()]
}

/// Workgroups of an elementwise kernel.
pub(super) fn over(count: usize) -> [usize; 2] {
    let groups = count.div_ceil(WIDE);
    [groups.min(ACROSS), groups.div_ceil(ACROSS)]
}

impl Maker<'_> {
    fn room(&self, id: ValueId) -> &Memory {
        &self.rooms[self.slots[id]]
    }

    async fn kernel(&mut self, name: &str, wgsl: impl FnOnce() -> String) -> Result<Kernel> {
        if let Some(kernel) = self.kernels.get(name) {
            return Ok(kernel.clone());
        }
        let kernel = self.device.kernel(name, &wgsl()).await?;
        self.kernels.insert(name.into(), kernel.clone());
        Ok(kernel)
    }

    /// A call of an elementwise kernel over `count` numbers.
    fn each(&self, kernel: &Kernel, ins: [ValueId; 2], out: ValueId, count: usize, rest: &[u32]) -> Result<Call> {
        let [x, aside] = ins.map(|id| self.room(id));
        let wires = Wires { x, y: self.room(out), aside, table: x, weights: x };
        self.device.call(kernel, wires, &[&[count as u32], rest].concat(), over(count))
    }

    async fn split(&mut self, from: ValueId, to: ValueId, [up, across]: [usize; 2]) -> Result<Call> {
        let kernel = self.kernel("split", wgsl::split).await?;
        let (c, [h, w], layout) = images(&self.places[from])?;
        let (planes, [high, wide], _) = images(&self.places[to])?;
        let sizes = [layout.n, c, h, w, up, across].map(|n| n as u32);
        let rest = [&sizes[..], &lies(&self.places[from])?, &lies(&self.places[to])?, &[high as u32, wide as u32]];
        self.each(&kernel, [from; 2], to, planes * layout.n * high * wide, &rest.concat())
    }

    async fn layer(&mut self, layer: &Layer) -> Result<(Call, Option<Why>)> {
        let (from, to) = (&self.places[layer.ins[0]], &self.places[layer.out]);
        match &layer.work {
            Job::Conv(w, v) => {
                let (_, _, layout) = images(from)?;
                let offsets: Vec<Vec<u32>> = (0..v.groups).map(|g| v.offsets(layout, g)).collect();
                self.weighted(layer, w, v.groups == 1, |o| &offsets[o * v.groups / v.o]).await
            }
            Job::Linear(w) => {
                let plane = lies(from)?[1];
                let lead = lies(from)?[0];
                let offsets: Vec<u32> =
                    (0..(w.weights.len() / w.bias.len().max(1)) as u32).map(|k| lead + k * plane).collect();
                self.weighted(layer, w, true, |_| &offsets).await
            }
            Job::Pool(window, mean) => {
                let kernel = self.kernel("pool", wgsl::pool).await?;
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
                Ok((self.device.call(&kernel, wires, &params, over(count))?, None))
            }
            Job::Means => {
                let kernel = self.kernel("means", wgsl::means).await?;
                let (c, [h, w], layout) = images(from)?;
                let rest = [&[layout.n, h, w].map(|n| n as u32)[..], &lies(from)?, &lies(to)?].concat();
                Ok((self.each(&kernel, [layer.ins[0]; 2], layer.out, c * layout.n, &rest)?, None))
            }
            Job::Add(clamp) => {
                let kernel = self.kernel("add", wgsl::add).await?;
                let count = to.size();
                let ins = [layer.ins[0], layer.ins[1]];
                Ok((self.each(&kernel, ins, layer.out, count, &bounds(*clamp))?, None))
            }
            Job::Flatten => {
                let kernel = self.kernel("flatten", wgsl::flatten).await?;
                let (c, [h, w], layout) = images(from)?;
                let rest = [&[layout.n, h, w].map(|n| n as u32)[..], &lies(from)?, &lies(to)?].concat();
                Ok((self.each(&kernel, [layer.ins[0]; 2], layer.out, c * h * w * layout.n, &rest)?, None))
            }
            Job::Other(op, _) => Err(unsupported(&format!("{} ({})", op.kind(), layer.name))),
        }
    }

    /// Packs a layer for every kernel that fits and keeps the fastest.
    async fn weighted<'a>(
        &mut self,
        layer: &Layer,
        w: &Weighted,
        blocks: bool,
        offsets: impl Fn(usize) -> &'a [u32],
    ) -> Result<(Call, Option<Why>)> {
        let sparse = w.weights.contains(&0.0);
        let vector = matches!(self.places[layer.out], Place::Vector(_));
        let mut tried: Vec<(Call, Candidate)> = Vec::new();
        for (name, height, pixels, skip) in TILES {
            // A vector has one pixel: its kernel takes single rows, and one form of each sort will do.
            let fits = if vector { height == 1 && pixels == 4 } else { blocks || height == 1 };
            if !fits || skip && !sparse {
                continue;
            }
            let packed = Packed::new(w, height, skip, &offsets);
            let kernel = match vector {
                true => self.kernel("vector", wgsl::vector).await?,
                false => self.kernel(&format!("rows {height}x{pixels}"), || wgsl::rows(height, pixels)).await?,
            };
            let call = self.rows(layer, w, &packed, &kernel, pixels)?;
            let us = match self.choose {
                Choose::Measure => self.time(&call, layer.out).await?,
                // Loads a multiply-add, roughly: of pixels for each row, of weights for each pixel.
                _ => packed.stored() as f64 * (1.0 / height as f64 + 1.0 / pixels as f64) * 1e-4,
            };
            tried.push((call, Candidate { kernel: name.into(), us, bytes: packed.bytes() }));
        }
        let (mut calls, tried): (Vec<Call>, Vec<Candidate>) = tried.into_iter().unzip();
        let (chosen, why) = decide(tried, self.choose);
        if calls.is_empty() {
            return Err(unsupported(&layer.name));
        }
        Ok((calls.swap_remove(chosen), Some(why)))
    }

    fn rows(&self, layer: &Layer, w: &Weighted, packed: &Packed, kernel: &Kernel, pixels: usize) -> Result<Call> {
        let to = &self.places[layer.out];
        let ([lead, plane, pitch, tall], [h, wide], run) = match to {
            Place::Flat { size, layout, .. } => (lies(to)?, *size, layout.span(*size)),
            _ => (lies(to)?, [1, 1], 1),
        };
        let residual = layer.ins.get(1).copied();
        let [low, high] = bounds(w.clamp);
        let numbers = [pitch, tall, h as u32, wide as u32, low, high, packed.blocks as u32];
        let flags = [u32::from(packed.alike), packed.bias as u32, u32::from(residual.is_some())];
        let params = [&[run as u32, lead, plane, w.bias.len() as u32], &numbers[..], &flags].concat();
        let (table, weights) = (self.device.hold(&packed.table)?, self.device.hold(&packed.weights)?);
        let x = self.room(layer.ins[0]);
        let aside = residual.map_or(x, |id| self.room(id));
        let wires = Wires { x, y: self.room(layer.out), aside, table: &table, weights: &weights };
        self.device.call(kernel, wires, &params, [run.div_ceil(pixels * WIDE), packed.blocks])
    }

    /// Microseconds of a call, the least of some samples.
    async fn time(&self, call: &Call, out: ValueId) -> Result<f64> {
        let calls = vec![call.clone(); RUNS];
        self.device.run(&calls[..1], self.room(out), 1).await?;
        let mut least = f64::INFINITY;
        for _ in 0..SAMPLES {
            let start = clock::now_ms();
            self.device.run(&calls, self.room(out), 1).await?;
            least = least.min((clock::now_ms() - start) * 1e3 / RUNS as f64);
        }
        Ok(least)
    }
}
