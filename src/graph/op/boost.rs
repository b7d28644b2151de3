//! Feature boosting and suppression: each image keeps its most salient channels, each scaled by its saliency, and no others
//! (Gao et al., ICLR 2019).
//!
//! y = a (g n + β) for n `[N, C, H, W]`, saliencies g `[N, C]`, β `[C]` and a number k `[1]`; a is 1 for the k channels of an image
//! with the largest g > 0, of equal ones those that come first, and 0 for others. The choice itself has no slope.

use super::{At, Dots, Error, Grads, Mode, Op, Pass, Result, Shape, Tensor, Ties, arity};
use crate::base::{Flat, math, order, tensor};
use crate::graph::couple::Side;

/// Scaled by saliency, the k most salient channels of each image. Inputs: n, g, β and k.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Boost;

/// The channels that run, in order: the k with the largest saliencies above zero, of equal ones those that come first.
pub fn active(saliencies: &[f32], k: usize) -> Vec<usize> {
    let salient = saliencies.iter().enumerate().filter(|(_, g)| **g > 0.0).map(|(c, g)| (*g, c));
    let mut runs = vec![false; saliencies.len()];
    order::highest(salient, k).into_iter().for_each(|c| runs[c] = true);
    (0..runs.len()).filter(|&c| runs[c]).collect()
}

/// k as the graph carries it.
pub fn count(k: &Tensor) -> usize {
    k.flat().first().map_or(0, |&k| k as usize)
}

/// The planes of [N, C, H, W] that run, numbered over all images, each with its channel.
fn running(g: &Tensor, k: &Tensor) -> Vec<(usize, usize)> {
    let channels = g.shape()[1];
    let images = g.flat().chunks(channels.max(1)).enumerate();
    images.flat_map(|(image, g)| active(g, count(k)).into_iter().map(move |c| (image * channels + c, c))).collect()
}

fn pixels(n: &Tensor) -> usize {
    tensor::count(&n.shape()[2..]).max(1)
}

/// Plane number i of [N, C, H, W].
fn plane(x: &Tensor, i: usize) -> &[f32] {
    let pixels = pixels(x);
    &x.flat()[i * pixels..(i + 1) * pixels]
}

fn plane_mut(x: &mut Tensor, i: usize) -> &mut [f32] {
    let pixels = pixels(x);
    &mut x.flat_mut()[i * pixels..(i + 1) * pixels]
}

/// The gradients of n, g and β: `a g grad`, `a Σ grad n` and `Σ a grad`.
fn pull(ins: &[&Tensor], grad: &Tensor) -> [Tensor; 3] {
    let (n, g, beta) = (ins[0], ins[1], ins[2]);
    let mut dn = tensor::zeros(n.shape());
    let (mut dg, mut sums) = (tensor::zeros(g.shape()), vec![0.0f64; beta.len()]);
    for (i, c) in running(g, ins[3]) {
        let (slope, scale) = (plane(grad, i), g.flat()[i]);
        plane_mut(&mut dn, i).iter_mut().zip(slope).for_each(|(d, s)| *d = scale * s);
        dg.flat_mut()[i] = math::dot(slope, plane(n, i)) as f32;
        sums[c] += math::sum(slope);
    }
    let mut db = tensor::zeros(beta.shape());
    db.flat_mut().iter_mut().zip(sums).for_each(|(to, sum)| *to = sum as f32);
    [dn, dg, db]
}

impl Op for Boost {
    fn kind(&self) -> &'static str {
        "Boost"
    }

    fn infer(&self, ins: &[&[usize]]) -> Result<Shape> {
        arity(ins, 4..=4)?;
        let &[n, c, ..] = ins[0] else { return Err(Error::shape("what is boosted", "[N, C, ...]", ins[0])) };
        for (what, found, wanted) in
            [("saliencies", ins[1], vec![n, c]), ("shift", ins[2], vec![c]), ("k", ins[3], vec![1])]
        {
            if found != wanted {
                return Err(Error::shape(what, wanted, found));
            }
        }
        Ok(ins[0].to_vec())
    }

    fn forward(&self, ins: &[&Tensor], _: Mode) -> Result<Pass> {
        let mut y = tensor::zeros(ins[0].shape());
        for (i, c) in running(ins[1], ins[3]) {
            let (scale, shift) = (ins[1].flat()[i], ins[2].flat()[c]);
            plane_mut(&mut y, i).iter_mut().zip(plane(ins[0], i)).for_each(|(y, n)| *y = scale * n + shift);
        }
        Ok(y.into())
    }

    fn backward(&self, at: At, grad: &Tensor) -> Result<Grads> {
        let [dn, dg, db] = pull(at.ins, grad);
        Ok(vec![Some(dn), Some(dg), Some(db), None])
    }

    fn tangent(&self, at: At, dots: &Dots) -> Result<Tensor> {
        let mut y = tensor::zeros(at.y.shape());
        for (i, c) in running(at.ins[1], at.ins[3]) {
            let (scale, shift) = (at.ins[1].flat()[i], dots[2].map_or(0.0, |beta| beta.flat()[c]));
            let y = plane_mut(&mut y, i);
            y.fill(shift);
            if let Some(dot) = dots[0] {
                y.iter_mut().zip(plane(dot, i)).for_each(|(y, n)| *y += scale * n);
            }
            if let Some(dot) = dots[1] {
                y.iter_mut().zip(plane(at.ins[0], i)).for_each(|(y, n)| *y += dot.flat()[i] * n);
            }
        }
        Ok(y)
    }

    fn backward_tangent(&self, at: At, dots: &Dots, grad: &Tensor, grad_dot: &Tensor) -> Result<Grads> {
        let [mut dn, mut dg, db] = pull(at.ins, grad_dot);
        for (i, _) in running(at.ins[1], at.ins[3]) {
            let slope = plane(grad, i);
            if let Some(dot) = dots[1] {
                plane_mut(&mut dn, i).iter_mut().zip(slope).for_each(|(d, s)| *d += dot.flat()[i] * s);
            }
            if let Some(dot) = dots[0] {
                dg.flat_mut()[i] += math::dot(slope, plane(dot, i)) as f32;
            }
        }
        Ok(vec![Some(dn), Some(dg), Some(db), None])
    }

    fn couple(&self, ties: &mut Ties) {
        ties.same((Side::In(0), 1), (Side::In(1), 1));
        ties.same((Side::In(0), 1), (Side::In(2), 0));
        ties.same((Side::In(0), 1), (Side::Out, 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_salient_run_and_ties_go_to_the_first() {
        assert_eq!(active(&[0.5, 2.0, 0.5, 1.0], 3), [0, 1, 3]);
        assert_eq!(active(&[1.0, 1.0, 1.0], 2), [0, 1]);
        assert_eq!(active(&[0.0, 1.0, -1.0], 3), [1], "what has no saliency does not run");
        assert_eq!(active(&[1.0], 0), [0; 0]);
    }

    #[test]
    fn by_hand() -> Result<()> {
        let n = tensor::from_vec(&[1, 2, 1, 2], vec![1.0, -2.0, 3.0, 4.0])?;
        let g = tensor::from_vec(&[1, 2], vec![2.0, 1.0])?;
        let (beta, k) = (tensor::from_vec(&[2], vec![0.5, 9.0])?, tensor::full(&[1], 1.0));
        let ins = [&n, &g, &beta, &k];
        let y = Boost.forward(&ins, Mode::EVAL)?.y;
        assert_eq!(y.flat(), [2.5, -3.5, 0.0, 0.0]);
        let at = At { ins: &ins, y: &y, saved: &[], mode: Mode::EVAL };
        let grads = Boost.backward(at, &tensor::full(&[1, 2, 1, 2], 1.0))?;
        let flat = |i: usize| grads[i].as_ref().map(|g| g.flat().to_vec());
        assert_eq!(flat(0), Some(vec![2.0, 2.0, 0.0, 0.0]));
        assert_eq!((flat(1), flat(2)), (Some(vec![-1.0, 0.0]), Some(vec![2.0, 0.0])));
        Ok(())
    }
}
