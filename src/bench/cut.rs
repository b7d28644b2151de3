//! Cutting a network by magnitude, the same share in every layer.

use crate::base::Result;
use crate::compile::{Choose, GroupRule, Options, Plan, compile};
use crate::graph::{Graph, Masks, couple::Unit, slice};
use crate::prune::target::Target;
use crate::prune::{Recipe, Settings, event};
use crate::session::survey::by_magnitude;

/// What is left of a network: smaller where channels went, masked otherwise.
pub struct BenchCut {
    /// The network, its cut weights zero.
    pub graph: Graph,
    /// What is cut.
    pub masks: Masks,
    /// Rules that the zeros follow.
    pub rules: Vec<GroupRule>,
}

impl BenchCut {
    /// A plan for what is left, with its rules.
    pub fn plan_for(&self, options: &Options) -> Result<Plan> {
        compile(&self.graph, &self.masks, &Options { rules: &self.rules, ..*options })
    }

    /// A plan for what is left, for a batch size.
    pub fn plan(&self, batch: usize, how: Choose) -> Result<Plan> {
        self.plan_for(&Options { batch, choose: how, ..Options::default() })
    }
}

/// Cuts a share of every layer under a pattern, given as `KEY=VALUE` settings; nothing for a share of zero.
pub fn cut(dense: &Graph, pattern: &str, sparsity: f32) -> Result<BenchCut> {
    if sparsity == 0.0 {
        return Ok(BenchCut { graph: dense.clone(), masks: Masks::default(), rules: Vec::new() });
    }
    let text = format!("{pattern} allocation=layer recovery=none sparsity={sparsity}");
    let pairs = text.split(' ').filter_map(|pair| pair.split_once('='));
    let settings: Settings = pairs.map(|(key, value)| (key.into(), value.into())).collect();
    let (graph, masks, rules) = by_magnitude(dense.clone(), &settings)?;
    let recipe = Recipe::read(&settings)?;
    if !recipe.choice.pattern.part.physical() {
        return Ok(BenchCut { graph, masks, rules });
    }
    let targets = event::targets(dense, &recipe.choice.pattern)?;
    let mut removed: Vec<&Unit> = Vec::new();
    for target in &targets {
        if let Target::Channels(group) = target {
            let kept = target.kept(dense, &masks);
            removed.extend(group.units.iter().zip(kept).filter(|(_, kept)| !kept).map(|(unit, _)| unit));
        }
    }
    Ok(BenchCut { graph: slice::without(dense, &removed)?, masks: Masks::default(), rules: Vec::new() })
}
