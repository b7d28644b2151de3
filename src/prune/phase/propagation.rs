//! Solving layer after layer: calibration examples walk through the network node by node; at a weight the solver writes what it
//! becomes, and the examples go on through that.

use std::collections::BTreeMap;

use crate::base::{Flat, Result, Tensor, keyed, math, tensor};
use crate::graph::op::{Mode, OpKind};
use crate::graph::{Graph, Masks, ValueId, mask};
use crate::prune::axis::Pick;
use crate::prune::products::{Products, Shaped, inputs};
use crate::prune::solver::{Facing, NORMS, Solved, Solver, Solving, Toward};
use crate::prune::{Recipe, facts::RowUnits};

/// Most bytes of values that examples leave between two nodes.
const ROOM: usize = 256 << 20;

/// Batches that go through a node in one slice.
const PASSES: usize = 8;

/// Values that a later node still reads, by batch.
type Frontier = Vec<BTreeMap<ValueId, Tensor>>;

/// A walk through a network under way.
#[derive(Debug)]
pub struct Propagation {
    solver: Pick<dyn Solver>,
    units: Option<RowUnits>,
    /// The network and its masks before the event.
    before: (Graph, Masks),
    now: Frontier,
    /// The same examples in the network as it was before; none where the solver does not look at it.
    was: Frontier,
    node: usize,
    batch: usize,
    /// The examples are on their way through the node.
    passing: bool,
    layer: Option<LayerUnderway>,
}

/// A layer that is being summed up and solved.
#[derive(Debug)]
struct LayerUnderway {
    shaped: Shaped,
    products: Vec<Products>,
    solving: Option<Box<dyn Solving>>,
    solved: Vec<Solved>,
}

/// Examples that leave no more than [`ROOM`] bytes between two nodes, of as many as there are.
pub fn affordable(graph: &Graph, both: bool, images: usize) -> usize {
    let last = last_readers(graph);
    let size = |id: ValueId| graph.values[id].shape[1..].iter().product::<usize>();
    let (mut live, mut most) = (size(graph.input()), 0);
    for (index, node) in graph.nodes.iter().enumerate() {
        live += size(node.out);
        most = most.max(live);
        let mut ended: Vec<ValueId> =
            node.ins.iter().copied().filter(|&id| graph.values[id].data.is_none() && last[id] == index).collect();
        ended.dedup();
        live -= ended.into_iter().map(size).sum::<usize>();
    }
    (ROOM / (4 * most.max(1) * (1 + usize::from(both)))).clamp(1, images.max(1))
}

/// By value: the last node that reads it.
fn last_readers(graph: &Graph) -> Vec<usize> {
    let mut last = vec![0; graph.values.len()];
    for (index, node) in graph.nodes.iter().enumerate() {
        node.ins.iter().for_each(|&id| last[id] = index);
    }
    last
}

impl Propagation {
    /// A walk that has not begun, of a network that was `before` with these masks.
    pub fn new(recipe: &Recipe, before: (Graph, Masks), batches: Vec<Tensor>) -> Self {
        let (solver, pattern) = (recipe.choice.solver.clone(), &recipe.choice.pattern);
        let input = before.0.input();
        let now: Frontier = batches.into_iter().map(|x| keyed(std::iter::once((input, x)))).collect();
        let apart = solver.part.toward(&solver.args) == Toward::Dense;
        let was = if apart { now.clone() } else { Frontier::new() };
        let units = pattern.part.row_units(&pattern.args);
        Self { solver, units, before, now, was, node: 0, batch: 0, passing: false, layer: None }
    }

    /// Slices that it takes, as far as can be known.
    pub fn steps(&self) -> usize {
        self.before.0.nodes.len() + self.before.0.layers().count() * (self.now.len() + 2)
    }

    /// One slice; says whether all is done. Masks say what is kept, and are changed where the solver chooses.
    pub fn step(&mut self, graph: &mut Graph, masks: &mut Masks) -> Result<bool> {
        if self.node >= graph.nodes.len() {
            return Ok(true);
        }
        if self.passing {
            return self.pass(graph);
        }
        let weight = graph.layers().find(|(node, _)| *node == self.node).map(|(_, id)| id);
        let cut = weight.filter(|&id| masks.get(id).is_some_and(|mask| mask.contains(&0)));
        let over = match cut {
            Some(weight) => self.solve(graph, masks, weight)?,
            None => true,
        };
        if over {
            self.passing = true;
            self.enter(graph, masks)?;
        }
        Ok(false)
    }

    /// One slice of a layer: a batch of products, or a slice of the solver. Says whether it is written.
    fn solve(&mut self, graph: &mut Graph, masks: &mut Masks, weight: ValueId) -> Result<bool> {
        let node = graph.nodes[self.node].clone();
        let shape = graph.values[weight].shape.clone();
        let tap_major = matches!(self.units, Some(RowUnits::Groups { .. }));
        if self.layer.is_none() {
            let Some(x) = self.now.first().and_then(|values| values.get(&node.ins[0])) else { return Ok(true) };
            let shaped = Shaped::new(&node.op, x.shape(), &shape, tap_major)?;
            let products = vec![Products::new(shaped.columns(), !self.was.is_empty()); shaped.groups];
            self.layer = Some(LayerUnderway { shaped, products, solving: None, solved: Vec::new() });
            self.batch = 0;
        }
        let Some(layer) = &mut self.layer else { return Ok(true) };
        if self.batch < self.now.len() {
            let pairs = self.solver.part.pairs();
            for (group, products) in layer.products.iter_mut().enumerate() {
                let rows = |frontier: &Frontier| match frontier.get(self.batch).and_then(|v| v.get(&node.ins[0])) {
                    Some(x) => inputs(&node.op, x, &shape, &layer.shaped, group).map(Some),
                    None => Ok(None),
                };
                if let Some(now) = rows(&self.now)? {
                    products.add(&now, rows(&self.was)?.as_deref(), pairs);
                }
            }
            self.batch += 1;
            return Ok(false);
        }
        let group = layer.solved.len();
        if group == layer.shaped.groups {
            let bias = node.ins.get(2).copied();
            write(graph, masks, weight, bias, layer)?;
            self.layer = None;
            return Ok(true);
        }
        let solving = match &mut layer.solving {
            Some(solving) => solving,
            none => {
                let products = std::mem::replace(&mut layer.products[group], Products::new(0, false));
                let facing = facing(&self.before, masks, weight, node.ins.get(2), &layer.shaped, group, products)?;
                let facing = Facing { units: self.units.filter(|units| self.solver.part.takes(*units)), ..facing };
                none.insert(self.solver.part.begin(facing, &self.solver.args).map_err(|e| e.at(&node.name))?)
            }
        };
        if let Some(solved) = solving.step().map_err(|e| e.at(&node.name))? {
            layer.solved.push(solved);
            layer.solving = None;
        }
        Ok(false)
    }

    /// Makes the node at hand ready: what masks cut of its parameters is zero, and a norm takes its statistics anew.
    fn enter(&mut self, graph: &mut Graph, masks: &Masks) -> Result<()> {
        let node = &graph.nodes[self.node].clone();
        for &id in &node.ins {
            if let (Some(kept), true) = (masks.get(id), graph.values[id].data.is_some()) {
                mask::zero(graph.data_mut(id)?, kept);
            }
        }
        if let (OpKind::BatchNorm(_), "anew") = (&node.op, self.solver.args.choice(&NORMS)) {
            let xs: Vec<&Tensor> = self.now.iter().filter_map(|values| values.get(&node.ins[0])).collect();
            let [mean, variance] = statistics(&xs)?;
            *graph.data_mut(node.ins[3])? = mean;
            *graph.data_mut(node.ins[4])? = variance;
        }
        self.batch = 0;
        Ok(())
    }

    /// Takes some batches through the node at hand, and lets go of what nobody reads any more. Says whether that was the last node.
    fn pass(&mut self, graph: &Graph) -> Result<bool> {
        let (node, last) = (&graph.nodes[self.node], last_readers(graph));
        let end = (self.batch + PASSES).min(self.now.len());
        for (graph, frontier) in [(graph, &mut self.now), (&self.before.0, &mut self.was)] {
            for values in frontier.iter_mut().take(end).skip(self.batch) {
                let read = |id: &ValueId| values.get(id).map_or_else(|| graph.data(*id), Ok);
                let ins = node.ins.iter().map(read).collect::<Result<Vec<_>>>()?;
                let y = node.op.forward(&ins, Mode::EVAL).map_err(|e| e.at(&node.name))?.y;
                node.ins.iter().filter(|&&id| last[id] == self.node).for_each(|id| drop(values.remove(id)));
                values.insert(node.out, y);
            }
        }
        self.batch = end;
        if end == self.now.len() {
            (self.node, self.batch, self.passing) = (self.node + 1, 0, false);
        }
        Ok(self.node >= graph.nodes.len())
    }
}

/// Mean and unbiased variance by channel over batches [N, C, ...].
fn statistics(xs: &[&Tensor]) -> Result<[Tensor; 2]> {
    let channels = xs.first().map_or(0, |x| x.shape()[1]);
    let runs = |channel: usize| {
        xs.iter().flat_map(move |x| {
            let each = x.len() / (x.shape()[0] * x.shape()[1]).max(1);
            x.flat().chunks_exact(each).skip(channel).step_by(channels)
        })
    };
    let (mut means, mut variances) = (Vec::new(), Vec::new());
    for channel in 0..channels {
        let n = runs(channel).map(<[f32]>::len).sum::<usize>() as f64;
        let mean = runs(channel).map(math::sum).sum::<f64>() / n.max(1.0);
        let off = |x: &f32| (f64::from(*x) - mean) * (f64::from(*x) - mean);
        let sum = runs(channel).map(|run| run.iter().map(off).sum::<f64>()).sum::<f64>();
        means.push(mean as f32);
        variances.push((sum / (n - 1.0).max(1.0)) as f32);
    }
    Ok([tensor::from_vec(&[channels], means)?, tensor::from_vec(&[channels], variances)?])
}

/// A layer as a solver sees it.
fn facing(
    (graph, old): &(Graph, Masks),
    masks: &Masks,
    weight: ValueId,
    bias: Option<&ValueId>,
    shaped: &Shaped,
    group: usize,
    products: Products,
) -> Result<Facing> {
    let (rows, columns) = (shaped.rows, shaped.columns());
    let at = |i: usize| (group * rows + i / columns) * columns + shaped.stored(i % columns);
    let data = graph.data(weight)?.flat();
    let by = |masks: &Masks| -> Vec<bool> {
        let mask = masks.get(weight);
        (0..rows * columns).map(|i| mask.is_none_or(|mask| mask[at(i)] == 1)).collect()
    };
    let own = |id: &ValueId| -> Result<Vec<f64>> {
        Ok(graph.data(*id)?.flat()[group * rows..(group + 1) * rows].iter().map(|&b| f64::from(b)).collect())
    };
    let Products { gram, cross, sums, samples } = products;
    Ok(Facing {
        rows,
        columns,
        weight: (0..rows * columns).map(|i| f64::from(data[at(i)])).collect(),
        kept: by(masks),
        alive: by(old),
        bias: bias.map(own).transpose()?,
        units: None,
        taps: shaped.taps,
        samples,
        gram,
        cross,
        sums,
    })
}

/// Puts what came of all groups of a layer into the network and its masks.
fn write(
    graph: &mut Graph,
    masks: &mut Masks,
    weight: ValueId,
    bias: Option<ValueId>,
    layer: &LayerUnderway,
) -> Result<()> {
    let (rows, columns) = (layer.shaped.rows, layer.shaped.columns());
    let mut mask = vec![1; tensor::count(&graph.values[weight].shape)];
    for (group, solved) in layer.solved.iter().enumerate() {
        let data = graph.data_mut(weight)?.flat_mut();
        for i in 0..rows * columns {
            let at = (group * rows + i / columns) * columns + layer.shaped.stored(i % columns);
            data[at] = if solved.kept[i] { solved.weight[i] as f32 } else { 0.0 };
            mask[at] = u8::from(solved.kept[i]);
        }
        if let (Some(id), Some(new)) = (bias, &solved.bias) {
            let data = &mut graph.data_mut(id)?.flat_mut()[group * rows..(group + 1) * rows];
            data.iter_mut().zip(new).for_each(|(b, &new)| *b = new as f32);
        }
    }
    masks.set(weight, mask);
    Ok(())
}
