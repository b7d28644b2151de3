//! The product of the Hessian and the mean gradient.

use crate::base::{Result, Tensor};
use crate::train::hvp::hvp;
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

    fn look(&self, scene: &Scene, evidence: &mut Evidence) -> Result<()> {
        let Some((x, labels)) = scene.batch else { return Ok(()) };
        let gradient = evidence.all::<Gradient>();
        let (product, _) = hvp(scene.graph, x, &LossTarget::labels(labels), scene.loss, scene.mode, gradient)?;
        for (_, weight) in scene.graph.layers() {
            if let Some(h) = product.get(&weight) {
                blend(evidence.all::<Self>(), weight, h.clone(), 1.0 / scene.batches as f32);
            }
        }
        Ok(())
    }
}
