//! Optimizers: SGD with momentum, Nesterov and weight decay; Adam and AdamW. As in PyTorch, update for update.

use std::collections::BTreeMap;

use crate::base::{Flat, Result, Tensor, math};
use crate::graph::{Graph, Masks, Role, ValueId, mask};

use super::Gradients;

/// The rule of an optimizer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum UpdateRule {
    /// v ← μ v + (1 - dampening) g; w ← w - lr v. With Nesterov w ← w - lr (g + μ v). The first v is g.
    Sgd {
        /// μ.
        momentum: f32,
        /// Takes part of the gradient away from v.
        dampening: f32,
        /// Looks one step ahead.
        nesterov: bool,
    },
    /// m and v are running means of g and g²; w ← w - lr m̂ / (sqrt(v̂) + ε).
    Adam {
        /// Decay of m and of v.
        betas: [f32; 2],
        /// ε.
        epsilon: f32,
        /// Decay shrinks w itself (AdamW) and does not enter the gradient.
        decoupled: bool,
    },
}

/// What the memory of an optimizer is kept by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// A parameter of the network.
    Value(ValueId),
    /// Numbers of a hook, by position.
    Extra(usize),
}

/// How some numbers beside the network's are trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParamGroup {
    /// Factor of the learning rate.
    pub rate: f32,
    /// Decay; `None` is the optimizer's own.
    pub decay: Option<f32>,
}

/// An optimizer with its state.
#[derive(Clone, Debug)]
pub struct Optimizer {
    /// The rule.
    pub rule: UpdateRule,
    /// L2 weight decay; biases and norms are spared where `decay_all` is off.
    pub decay: f32,
    /// Whether biases and norms decay too, as they do in PyTorch by default.
    pub decay_all: bool,
    step: i32,
    state: BTreeMap<Key, [Tensor; 2]>,
}

impl Optimizer {
    /// SGD with Nesterov momentum.
    pub fn sgd(momentum: f32, decay: f32) -> Self {
        Self::new(UpdateRule::Sgd { momentum, dampening: 0.0, nesterov: momentum > 0.0 }, decay)
    }

    /// An optimizer of a rule, with nothing learned yet.
    pub fn new(rule: UpdateRule, decay: f32) -> Self {
        Self { rule, decay, decay_all: true, step: 0, state: BTreeMap::new() }
    }

    /// Moves every trained parameter against its gradient. Cut weights stay exactly zero, their momentum too.
    ///
    /// # Errors
    /// When a trained value carries no numbers.
    pub fn step(&mut self, graph: &mut Graph, grads: &Gradients, masks: &Masks, lr: f32) -> Result<()> {
        self.step += 1;
        for id in graph.trained().collect::<Vec<_>>() {
            let Some(grad) = grads.get(id) else { continue };
            let decay = if self.decay_all || graph.values[id].role == Role::Weight { self.decay } else { 0.0 };
            let w = graph.data_mut(id)?;
            self.update(Key::Value(id), w, grad, decay, lr);
            if let Some(keep) = masks.get(id) {
                mask::zero(w, keep);
                if let Some(state) = self.state.get_mut(&Key::Value(id)) {
                    state.iter_mut().for_each(|s| mask::zero(s, keep));
                }
            }
        }
        Ok(())
    }

    /// Moves numbers of a hook in the step that [`Optimizer::step`] has just counted.
    pub fn step_extra(&mut self, index: usize, data: &mut Tensor, group: ParamGroup, grad: &Tensor, lr: f32) {
        self.update(Key::Extra(index), data, grad, group.decay.unwrap_or(self.decay), lr * group.rate);
    }

    /// One parameter's update.
    fn update(&mut self, id: Key, w: &mut Tensor, grad: &Tensor, decay: f32, lr: f32) {
        let first = !self.state.contains_key(&id);
        let empty = || [Tensor::zeros(w.raw_dim()), Tensor::zeros(w.raw_dim())];
        let [m, v] = self.state.entry(id).or_insert_with(empty);
        let (w, g, m, v) = (w.flat_mut(), grad.flat(), m.flat_mut(), v.flat_mut());
        match self.rule {
            UpdateRule::Sgd { momentum, dampening, nesterov } => {
                let take = if first { 1.0 } else { 1.0 - dampening };
                for ((w, &g), m) in w.iter_mut().zip(g).zip(m) {
                    let g = g + decay * *w;
                    *m = momentum * *m + take * g;
                    *w -= lr * if nesterov { g + momentum * *m } else { *m };
                }
            }
            UpdateRule::Adam { betas: [a, b], epsilon, decoupled } => {
                let correct = [1.0 - libm::powf(a, self.step as f32), 1.0 - libm::powf(b, self.step as f32)];
                for (((w, &g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
                    let g = if decoupled { g } else { g + decay * *w };
                    if decoupled {
                        *w -= lr * decay * *w;
                    }
                    *m = a * *m + (1.0 - a) * g;
                    *v = b * *v + (1.0 - b) * g * g;
                    *w -= lr / correct[0] * *m / (math::sqrt(*v) / math::sqrt(correct[1]) + epsilon);
                }
            }
        }
    }

    /// Steps done.
    pub fn steps(&self) -> i32 {
        self.step
    }

    /// What is remembered of a parameter, m and v; nothing before its first step.
    pub fn memory(&self, id: ValueId) -> Option<&[Tensor; 2]> {
        self.state.get(&Key::Value(id))
    }

    /// Goes on from where another of the same rule has come to, after so many steps in all.
    pub fn resume(&mut self, steps: i32, memories: impl IntoIterator<Item = (ValueId, [Tensor; 2])>) {
        self.step = steps;
        self.state.extend(memories.into_iter().map(|(id, memory)| (Key::Value(id), memory)));
    }

    /// Forgets everything that it has learned.
    pub fn forget(&mut self) {
        self.step = 0;
        self.state.clear();
    }

    /// Forgets what was learned about weights that have just come back.
    pub fn reset(&mut self, id: ValueId, which: impl Fn(usize) -> bool) {
        if let Some(state) = self.state.get_mut(&Key::Value(id)) {
            for s in state {
                s.flat_mut().iter_mut().enumerate().filter(|(i, _)| which(*i)).for_each(|(_, s)| *s = 0.0);
            }
        }
    }
}
