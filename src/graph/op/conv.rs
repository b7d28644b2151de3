//! Convolution of images [N, C, H, W] with weights [O, C/groups, kh, kw]; depthwise where C/groups is 1.
//!
//! The number of groups is not an attribute: it follows from the shapes, so it stays right when channels are removed.

use super::{At, Dots, Error, Grads, Mode, Op, Pass, Result, Shape, Tensor, Ties, accumulate, arity};
use crate::base::{Flat, math, tensor};
use crate::graph::couple::Side;
use crate::kernel::conv as kernel;
use crate::kernel::geometry::Geometry;

/// A convolution. Inputs: x, w and, if there is one, a bias `[O]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conv {
    /// Step between outputs, rows and columns.
    pub stride: [usize; 2],
    /// Zeros around the input, rows and columns.
    pub pad: [usize; 2],
    /// Step between taps, rows and columns.
    pub dilation: [usize; 2],
}

impl Conv {
    /// The sizes of the job for given shapes.
    ///
    /// # Errors
    /// When the channels do not divide or the kernel does not fit.
    pub fn job(&self, x: &[usize], w: &[usize]) -> Result<Geometry> {
        let (&[n, c, h, width], &[o, depth, kh, kw]) = (x, w) else {
            return Err(Error::shape("input of a convolution", "[N, C, H, W]", x));
        };
        if depth == 0 || c % depth != 0 || o % (c / depth).max(1) != 0 || c == 0 {
            return Err(Error::shape("weight of a convolution", format!("[O, divisor of {c}, kh, kw]"), w));
        }
        let Self { stride, pad, dilation } = *self;
        let groups = c / depth;
        let job = Geometry { n, c, size: [h, width], o, kernel: [kh, kw], stride, pad, dilation, groups };
        if job.out().contains(&0) {
            return Err(Error::shape(
                "kernel of a convolution",
                format!("at most [{h}, {width}] plus padding"),
                [kh, kw],
            ));
        }
        Ok(job)
    }

    fn product(&self, x: &Tensor, w: &Tensor) -> Result<Tensor> {
        let job = self.job(x.shape(), w.shape())?;
        let mut y = tensor::zeros(&[job.n, job.o, job.out()[0], job.out()[1]]);
        kernel::forward(&job, x.flat(), w.flat(), y.flat_mut());
        Ok(y)
    }

    fn pull_x(&self, x: &Tensor, w: &Tensor, grad: &Tensor) -> Result<Tensor> {
        let mut dx = tensor::zeros(x.shape());
        kernel::backward_input(&self.job(x.shape(), w.shape())?, w.flat(), grad.flat(), dx.flat_mut());
        Ok(dx)
    }

    fn pull_w(&self, x: &Tensor, w: &Tensor, grad: &Tensor, kept: Option<&[u8]>) -> Result<Tensor> {
        let mut dw = tensor::zeros(w.shape());
        kernel::backward_weight(&self.job(x.shape(), w.shape())?, x.flat(), grad.flat(), dw.flat_mut(), kept);
        Ok(dw)
    }
}

fn add_bias(y: &mut Tensor, b: &Tensor) {
    let pixels = y.shape()[2] * y.shape()[3];
    for (plane, b) in y.flat_mut().chunks_mut(pixels).zip(b.flat().iter().cycle()) {
        plane.iter_mut().for_each(|y| *y += b);
    }
}

/// Sum of the gradient over images and pixels, by channel.
fn pull_bias(grad: &Tensor) -> Result<Tensor> {
    let (c, pixels) = (grad.shape()[1], grad.shape()[2] * grad.shape()[3]);
    let mut sums = vec![0.0f64; c];
    for (i, plane) in grad.flat().chunks(pixels).enumerate() {
        sums[i % c] += math::sum(plane);
    }
    tensor::from_vec(&[c], sums.into_iter().map(|s| s as f32).collect())
}

impl Op for Conv {
    fn kind(&self) -> &'static str {
        "Conv"
    }

    fn infer(&self, ins: &[&[usize]]) -> Result<Shape> {
        arity(ins, 2..=3)?;
        let job = self.job(ins[0], ins[1])?;
        if let Some(b) = ins.get(2).filter(|b| **b != [job.o]) {
            return Err(Error::shape("bias", [job.o], b));
        }
        Ok(vec![job.n, job.o, job.out()[0], job.out()[1]])
    }

    fn forward(&self, ins: &[&Tensor], _: Mode) -> Result<Pass> {
        let mut y = self.product(ins[0], ins[1])?;
        if let Some(b) = ins.get(2) {
            add_bias(&mut y, b);
        }
        Ok(y.into())
    }

    fn backward(&self, at: At, grad: &Tensor) -> Result<Grads> {
        self.backward_kept(at, grad, None)
    }

    fn backward_kept(&self, at: At, grad: &Tensor, kept: Option<&[u8]>) -> Result<Grads> {
        let (x, w) = (at.ins[0], at.ins[1]);
        let mut grads = vec![Some(self.pull_x(x, w, grad)?), Some(self.pull_w(x, w, grad, kept)?)];
        if at.ins.len() == 3 {
            grads.push(Some(pull_bias(grad)?));
        }
        Ok(grads)
    }

    fn tangent(&self, at: At, dots: &Dots) -> Result<Tensor> {
        let mut y = None;
        if let Some(x) = dots[0] {
            accumulate(&mut y, self.product(x, at.ins[1])?);
        }
        if let Some(w) = dots[1] {
            accumulate(&mut y, self.product(at.ins[0], w)?);
        }
        let mut y = y.unwrap_or_else(|| tensor::zeros(at.y.shape()));
        if let Some(Some(b)) = dots.get(2) {
            add_bias(&mut y, b);
        }
        Ok(y)
    }

    fn backward_tangent(&self, at: At, dots: &Dots, grad: &Tensor, grad_dot: &Tensor) -> Result<Grads> {
        let mut grads = self.backward(at, grad_dot)?;
        if let Some(w) = dots[1] {
            accumulate(&mut grads[0], self.pull_x(at.ins[0], w, grad)?);
        }
        if let Some(x) = dots[0] {
            accumulate(&mut grads[1], self.pull_w(x, at.ins[1], grad, None)?);
        }
        Ok(grads)
    }

    fn weights(&self) -> &'static [usize] {
        &[1]
    }

    fn couple(&self, ties: &mut Ties) {
        let (c, o, depth) = (ties.len((Side::In(0), 1)), ties.len((Side::In(1), 0)), ties.len((Side::In(1), 1)));
        let groups = c / depth;
        if depth == 1 && groups > 1 {
            // Depthwise: an input channel owns its filters, and with them its outputs.
            let each = o / c;
            ties.map((Side::In(0), 1), (Side::In(1), 0), |i| i * each..(i + 1) * each);
        } else {
            // Groups stay equally wide: what leaves one leaves its counterpart in all others.
            ties.map((Side::In(0), 1), (Side::In(1), 1), |i| i % depth..i % depth + 1);
            if groups > 1 {
                let each = o / groups;
                ties.map((Side::In(1), 0), (Side::In(1), 0), |i| i % each..i % each + 1);
            }
        }
        ties.same((Side::In(1), 0), (Side::Out, 1));
        if ties.inputs() == 3 {
            ties.same((Side::In(1), 0), (Side::In(2), 0));
        }
    }

    fn macs(&self, ins: &[&[usize]], out: &[usize]) -> u64 {
        (tensor::count(out) * tensor::count(&ins[1][1..])) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let op = Conv { stride: [1, 1], pad: [0, 0], dilation: [1, 1] };
        let x = tensor::from_vec(&[1, 1, 2, 3], (1..=6).map(|i| i as f32).collect()).expect("six numbers");
        let w = tensor::from_vec(&[1, 1, 2, 2], vec![1.0, 0.0, 0.0, -1.0]).expect("four numbers");
        let y = op.forward(&[&x, &w], Mode::EVAL).expect("shapes fit").y;
        assert_eq!((y.shape(), y.flat()), (&[1, 1, 1, 2][..], &[-4.0, -4.0][..]));
        assert_eq!(op.macs(&[x.shape(), w.shape()], y.shape()), 8);
    }

    #[test]
    fn refuses_a_kernel_that_does_not_fit() {
        let op = Conv { stride: [1, 1], pad: [0, 0], dilation: [2, 2] };
        assert!(op.infer(&[&[1, 1, 2, 2], &[1, 1, 2, 2]]).is_err());
        assert!(op.infer(&[&[1, 3, 9, 9], &[4, 2, 3, 3]]).is_err(), "2 does not divide 3 channels");
    }
}
