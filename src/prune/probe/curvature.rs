//! The product of the Hessian and the mean gradient.

use crate::base::{Result, Tensor};
use crate::train::hvp::HessianWalk;
use crate::train::look::blend;
use crate::train::loss::LossTarget;

use super::{Evidence, Finds, Gradient, Probe, Scene, Sight};

/// H ∂L/∂w, exact, mean over all examples, in the weight's shape.
#[derive(Debug)]
pub struct Curvature;

impl Finds for Curvature {
    type Found = Tensor;
    const WHAT: &'static str = "the Hessian-gradient product";
}

impl Probe for Curvature {
    fn sight(&self) -> Sight {
        Sight::Own
    }

    fn first(&self) -> &'static [&'static dyn Probe] {
        &[&Gradient]
    }

    fn look(&self, scene: &Scene, evidence: &mut Evidence) -> Result<bool> {
        let Some((x, labels)) = scene.batch else { return Ok(true) };
        let mut walk = match evidence.begun.take().and_then(|begun| begun.downcast::<HessianWalk>().ok()) {
            Some(walk) => walk,
            None => Box::new(HessianWalk::new(scene.graph, x, scene.mode)?),
        };
        let gradient = evidence.all::<Gradient>();
        let Some((product, _)) = walk.step(scene.graph, &LossTarget::labels(labels), scene.loss, gradient)? else {
            evidence.begun = Some(walk);
            return Ok(false);
        };
        for (_, weight) in scene.graph.layers() {
            if let Some(h) = product.get(&weight) {
                blend(evidence.all::<Self>(), weight, h.clone(), 1.0 / scene.batches as f32);
            }
        }
        Ok(true)
    }
}
