//! The calls of each operator, forward and back.

use crate::base::Result;
use crate::gpu::device::{DeviceBuffer, Wires};
use crate::gpu::maker::unsupported;
use crate::gpu::wgsl::WIDE;
use crate::graph::op::{self, OpKind, Window};
use crate::graph::{Node, ValueId};
use crate::kernel::geometry::Geometry;

use super::norm;
use super::tape::{Norms, Tape};
use super::walk::{self, PIXELS, Walk};
use super::wgsl;

/// Rows of a matrix product's tile, and columns.
const TILE: usize = 16;

/// [N, C, ...] as images, channels and pixels of a channel.
fn planes(shape: &[usize]) -> [usize; 3] {
    [shape[0], shape[1], shape[2..].iter().product()]
}

/// The bound that an activation has above; the greatest number stands for none.
fn high(op: &OpKind) -> u32 {
    if matches!(op, OpKind::Relu6(_)) { 6.0f32 } else { f32::MAX }.to_bits()
}

fn whole<const N: usize>(numbers: [usize; N]) -> [u32; N] {
    numbers.map(|n| n as u32)
}

/// Rows of an invocation that load least for all rows of a group.
fn height(rows: usize) -> usize {
    [8, 4, 2].into_iter().fold(1, |best, r| {
        let loads = |r: usize| rows.div_ceil(r) * (r * PIXELS + r + PIXELS);
        if loads(r) < loads(best) { r } else { best }
    })
}

impl Tape<'_> {
    /// Calls of a layer, from x to y.
    ///
    /// # Errors
    /// When no kernel does it.
    pub fn layer(&mut self, node: &Node, x: &DeviceBuffer, y: &DeviceBuffer) -> Result<()> {
        let store = self.store;
        let wires = Wires { x, y, aside: x, table: x, weights: &store.state };
        let count = self.count(node.out);
        match &node.op {
            OpKind::Conv(op) => {
                let v = op.job(&self.shape(node.ins[0]), self.parameter(node.ins[1]))?;
                let bias = node.ins.get(2).map(|&id| store.at(id)).transpose()?;
                self.taps(&v, false, wires, [store.at(node.ins[1])?, 0], bias)
            }
            OpKind::Linear(_) => {
                let [m, k, n] = self.sizes(node);
                let bias = node.ins.get(2).map(|&id| store.at(id)).transpose()?;
                let strides = [k, 1, store.at(node.ins[1])? as usize, 1, k, 0];
                self.matmul([m, n, k], wires, strides, [u32::from(bias.is_some()), bias.unwrap_or(0), 0])
            }
            OpKind::BatchNorm(op) => {
                let [n, c, pixels] = whole(planes(&self.shape(node.ins[0])));
                let at = store.norm(node.ins[3])?;
                let places = [store.at(node.ins[1])?, store.at(node.ins[2])?, at];
                let sums = Wires { y: &store.statistics, ..wires };
                let rest = [&places[..], &[op.epsilon.to_bits()]].concat();
                let momentum = if self.norms == Norms::Batch { 1.0 } else { op.momentum };
                if self.norms == Norms::Running {
                    self.each("running", &norm::running(), sums, c as usize, &rest)?;
                } else {
                    let params = [&[n, c, pixels][..], &rest, &[momentum.to_bits()]].concat();
                    self.call("statistics", &norm::statistics(), sums, &params, [c as usize, 1])?;
                }
                let wires = Wires { weights: &store.statistics, ..wires };
                self.each("normalise", &norm::normalise(), wires, count, &[c, pixels, at])
            }
            OpKind::Relu(_) | OpKind::Relu6(_) => self.each("clamp", &wgsl::clamp(), wires, count, &[high(&node.op)]),
            OpKind::Add(_) => {
                if self.shape(node.ins[0]) != self.shape(node.ins[1]) {
                    return Err(unsupported("sums of different shapes"));
                }
                let aside = self.value(node.ins[1])?;
                self.each("add", &wgsl::add(), Wires { aside: &aside, ..wires }, count, &[])
            }
            OpKind::MaxPool(_) | OpKind::AvgPool(_) => {
                let params = self.window(node)?;
                self.each("pool", &wgsl::pool(), wires, count, &params)
            }
            OpKind::GlobalPool(_) => {
                let [_, _, pixels] = whole(planes(&self.shape(node.ins[0])));
                self.each("means", &wgsl::means(), wires, count, &[pixels])
            }
            other => Err(unsupported(&format!("training through {}", other.kind()))),
        }
    }

    /// Calls of the way back through a layer, from the gradient of its output.
    ///
    /// # Errors
    /// When the GPU refuses.
    pub fn pull(&mut self, node: &Node, slope: &DeviceBuffer) -> Result<()> {
        let (store, id) = (self.store, node.ins[0]);
        let x = self.value(id)?;
        let params = match &node.op {
            OpKind::Conv(op) => {
                let v = op.job(&self.shape(id), self.parameter(node.ins[1]))?;
                self.filters(&v, node.ins[1], &x, slope)?;
                self.bias(node, slope)?;
                let Some((y, add)) = self.slope(id)? else { return Ok(()) };
                let wires = Wires { x: slope, y: &y, aside: slope, table: slope, weights: &store.state };
                return self.taps(&v, true, wires, [store.at(node.ins[1])?, add], None);
            }
            OpKind::Linear(_) => {
                let [m, k, n] = self.sizes(node);
                let to = self.learns(node.ins[1])? as usize;
                let wires = Wires { x: slope, y: &store.slopes, aside: slope, table: slope, weights: &x };
                self.matmul([n, k, m], wires, [1, n, 0, k, 1, to], [0; 3])?;
                self.bias(node, slope)?;
                let Some((y, add)) = self.slope(id)? else { return Ok(()) };
                let wires = Wires { x: slope, y: &y, aside: slope, table: slope, weights: &store.state };
                return self.matmul([m, k, n], wires, [n, 1, to, k, 1, 0], [0, 0, add]);
            }
            OpKind::BatchNorm(_) if self.norms == Norms::Running => {
                let [_, c, pixels] = whole(planes(&self.shape(id)));
                vec![c, pixels, store.norm(node.ins[3])?]
            }
            OpKind::BatchNorm(_) => {
                let [n, c, pixels] = whole(planes(&self.shape(id)));
                let at = store.norm(node.ins[3])?;
                let [gamma, beta] = [self.learns(node.ins[1])?, self.learns(node.ins[2])?];
                let wires = Wires { x: &x, y: &store.slopes, aside: slope, table: slope, weights: &store.statistics };
                let params = [n, c, pixels, gamma, beta, at];
                self.call("norm slopes", &norm::slopes(), wires, &params, [c as usize, 1])?;
                vec![c, pixels, gamma, beta, at]
            }
            OpKind::Add(_) => {
                for &id in &node.ins {
                    if self.share(id, node.out) {
                        continue;
                    }
                    if let Some((y, add)) = self.slope(id)? {
                        let wires = Wires { x: slope, y: &y, aside: slope, table: slope, weights: slope };
                        self.each("hand on", &wgsl::hand_on(), wires, self.count(id), &[add])?;
                    }
                }
                return Ok(());
            }
            OpKind::Relu(_) | OpKind::Relu6(_) => vec![high(&node.op)],
            OpKind::MaxPool(_) | OpKind::AvgPool(_) => self.window(node)?,
            OpKind::GlobalPool(_) => vec![whole(planes(&self.shape(id)))[2]],
            other => return Err(unsupported(&format!("training through {}", other.kind()))),
        };
        let Some((y, add)) = self.slope(id)? else { return Ok(()) };
        let (params, count) = ([params, vec![add]].concat(), self.count(id));
        let wires = Wires { x: &x, y: &y, aside: slope, table: &store.slopes, weights: &store.statistics };
        match &node.op {
            OpKind::BatchNorm(_) if self.norms == Norms::Running => {
                self.each("scale back", &norm::scale_back(), wires, count, &params)
            }
            OpKind::BatchNorm(_) => self.each("norm back", &norm::back(), wires, count, &params),
            OpKind::GlobalPool(_) => {
                self.each("means back", &wgsl::means_back(), Wires { x: slope, ..wires }, count, &params)
            }
            OpKind::MaxPool(_) | OpKind::AvgPool(_) => {
                self.each("pool back", &wgsl::pool_back(), wires, count, &params)
            }
            _ => self.each("clamp back", &wgsl::clamp_back(), wires, count, &params),
        }
    }

    /// A convolution, or the way back to its input; `weight` and `add` as their kernel has them.
    fn taps(
        &mut self,
        v: &Geometry,
        back: bool,
        wires: Wires<'_>,
        [weight, add]: [u32; 2],
        bias: Option<u32>,
    ) -> Result<()> {
        let (outputs, inputs) = ((v.out(), v.o / v.groups), (v.size, v.c / v.groups));
        let (grid, source, walk) =
            if back { (inputs, outputs, Walk::back(v)) } else { (outputs, inputs, Walk::forward(v)) };
        let (([high, wide], rows), ([h, w], depth)) = (grid, source);
        let (near, far) = (v.taps(), v.depth());
        let [row_apart, depth_apart] = if back { [near, far] } else { [far, near] };
        let r = height(rows);
        let (run, per) = (v.n * high * wide, rows.div_ceil(r));
        let sizes = whole([run, high, wide, h, w, rows, depth, per, v.groups]);
        let places = [weight, row_apart as u32, depth_apart as u32];
        let params = [&sizes[..], &places, &[u32::from(bias.is_some()), bias.unwrap_or(0), add]].concat();
        let groups = [run.div_ceil(PIXELS * WIDE), v.groups * per];
        let name = format!("taps {r} {walk:?}");
        self.call(&name, &walk::taps(&walk, r, PIXELS), wires, &params, groups)
    }

    /// Gradient of a convolution's weights.
    fn filters(&mut self, v: &Geometry, weight: ValueId, x: &DeviceBuffer, slope: &DeviceBuffer) -> Result<()> {
        let ([high, wide], [h, w]) = (v.out(), v.size);
        let (rows, depth) = (v.o / v.groups, v.c / v.groups);
        // About two dozen sums: more would not stay in registers.
        let (r, c) = (rows.min(4), depth.min((6 / v.kernel[1]).clamp(1, 4)));
        let (run, per) = (v.n * high * wide, rows.div_ceil(r));
        let to = self.learns(weight)?;
        let sizes = whole([run, high, wide, h, w, rows, depth, per, v.groups]);
        let store = self.store;
        let wires = Wires { x, y: &store.slopes, aside: slope, table: x, weights: x };
        let walk = Walk::forward(v);
        let groups = [v.groups * per, depth.div_ceil(c) * v.kernel[0]];
        let name = format!("filters {r} {c} {walk:?}");
        self.call(&name, &walk::filters(&walk, r, c), wires, &[&sizes[..], &[to]].concat(), groups)
    }

    /// Gradient of a bias, where there is one: sums over all but the channels, which come last in a linear layer.
    fn bias(&mut self, node: &Node, slope: &DeviceBuffer) -> Result<()> {
        let Some(&id) = node.ins.get(2) else { return Ok(()) };
        let (shape, numbers) = (self.shape(node.out), self.count(node.out));
        let [n, c, pixels] = match node.op {
            OpKind::Conv(_) => planes(&shape),
            _ => [numbers / shape[shape.len() - 1], shape[shape.len() - 1], 1],
        };
        let store = self.store;
        let wires = Wires { x: slope, y: &store.slopes, aside: slope, table: slope, weights: slope };
        let params = [&whole([n, c, pixels])[..], &[self.learns(id)?]].concat();
        self.call("bias", &wgsl::bias(), wires, &params, [c, 1])
    }

    /// `sizes` m, n, k of the product, `strides` of x, then of the weights and where they begin, and where y begins.
    fn matmul(&mut self, sizes: [usize; 3], wires: Wires<'_>, strides: [usize; 6], rest: [u32; 3]) -> Result<()> {
        let [m, n, _] = sizes;
        let params = [&whole(sizes)[..], &whole(strides), &rest].concat();
        self.call("matmul", &wgsl::matmul(), wires, &params, [n.div_ceil(TILE), m.div_ceil(TILE)])
    }

    /// Rows, inputs and outputs of a linear layer.
    fn sizes(&self, node: &Node) -> [usize; 3] {
        let w = self.parameter(node.ins[1]);
        [self.count(node.ins[0]) / w[1].max(1), w[1], w[0]]
    }

    /// What the kernels of pools ask for.
    fn window(&self, node: &Node) -> Result<Vec<u32>> {
        let (window, how): (&Window, u32) = match &node.op {
            OpKind::MaxPool(op::MaxPool { window }) => (window, 0),
            OpKind::AvgPool(op::AvgPool { window, count_pad }) => (window, 1 + u32::from(*count_pad)),
            other => return Err(unsupported(other.kind())),
        };
        let (x, y) = (self.shape(node.ins[0]), self.shape(node.out));
        let Window { kernel, stride, pad } = window;
        let all = [[x[2], x[3]], [y[2], y[3]], *kernel, *stride, *pad];
        Ok(all.as_flattened().iter().map(|&n| n as u32).chain([how]).collect())
    }
}
