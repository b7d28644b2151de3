//! Embedding: the row of a table W `[vocabulary, D]` for each token number of x `[N, T]`.
//!
//! Token numbers travel as floats, which hold whole numbers up to 2²⁴ exactly.

use super::{At, Dots, Error, Grads, Mode, Op, Pass, Result, Shape, Tensor, Ties, arity};
use crate::base::{Flat, tensor};
use crate::graph::couple::Side;

/// A table that is looked up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Embedding;

/// The table's row for each token.
fn look_up(ids: &Tensor, table: &Tensor) -> Result<Tensor> {
    let &[rows, d] = table.shape() else { return Err(Error::shape("embedding", "[V, D]", table.shape())) };
    let mut y = Vec::with_capacity(ids.len() * d);
    for id in ids.flat() {
        let row = row(*id, rows)?;
        y.extend_from_slice(&table.flat()[row * d..(row + 1) * d]);
    }
    tensor::from_vec(&[ids.shape(), &[d]].concat(), y)
}

fn row(id: f32, rows: usize) -> Result<usize> {
    let row = id as usize;
    if row as f32 == id && row < rows {
        return Ok(row);
    }
    Err(Error::setting("input", format!("{id} is not a token: there are {rows}, numbered from 0")))
}

impl Op for Embedding {
    fn kind(&self) -> &'static str {
        "Gather"
    }

    fn infer(&self, ins: &[&[usize]]) -> Result<Shape> {
        arity(ins, 2..=2)?;
        match (ins[0], ins[1]) {
            (&[n, t], &[_, d]) => Ok(vec![n, t, d]),
            (x, [_, _]) => Err(Error::shape("token numbers", "[N, T]", x)),
            (_, w) => Err(Error::shape("embedding", "[V, D]", w)),
        }
    }

    fn forward(&self, ins: &[&Tensor], _: Mode) -> Result<Pass> {
        Ok(look_up(ins[0], ins[1])?.into())
    }

    fn backward(&self, at: At, grad: &Tensor) -> Result<Grads> {
        let mut dw = tensor::zeros(at.ins[1].shape());
        let (rows, d) = (dw.shape()[0], dw.shape()[1]);
        for (id, g) in at.ins[0].flat().iter().zip(grad.flat().chunks(d)) {
            let row = row(*id, rows)?;
            dw.flat_mut()[row * d..(row + 1) * d].iter_mut().zip(g).for_each(|(w, g)| *w += g);
        }
        Ok(vec![None, Some(dw)])
    }

    fn tangent(&self, at: At, dots: &Dots) -> Result<Tensor> {
        dots[1].map_or_else(|| Ok(tensor::zeros(at.y.shape())), |dot| look_up(at.ins[0], dot))
    }

    fn couple(&self, ties: &mut Ties) {
        ties.same((Side::In(1), 1), (Side::Out, 2));
        ties.pin((Side::In(1), 0));
        ties.pin((Side::Out, 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let t = |shape: &[usize], data: &[f32]| tensor::from_vec(shape, data.to_vec()).expect("a test's own shape");
        let (ids, w) = (t(&[1, 3], &[1.0, 0.0, 1.0]), t(&[2, 2], &[1.0, 2.0, 3.0, 4.0]));
        let y = Embedding.forward(&[&ids, &w], Mode::EVAL).expect("fits").y;
        assert_eq!(y.flat(), [3.0, 4.0, 1.0, 2.0, 3.0, 4.0]);
        let at = At { ins: &[&ids, &w], y: &y, saved: &[], mode: Mode::EVAL };
        let grads = Embedding.backward(at, &y).expect("fits");
        assert_eq!(grads[1].as_ref().map(|g| g.flat().to_vec()), Some(vec![1.0, 2.0, 6.0, 8.0]), "repeats add up");
        assert!(Embedding.forward(&[&t(&[1, 1], &[2.0]), &w], Mode::EVAL).is_err(), "no such token");
    }
}
