//! Attention: for every head, softmax(q kᵀ / √d) v (Vaswani et al., 2017).
//!
//! Inputs: q, k and v, each `[N, T, heads d]`; head h owns columns h d to (h + 1) d. What comes out has the same shape. The
//! width d of a head is an attribute and the number of heads follows from it, so heads can be cut away: d, and with it the
//! scale, stays.

use super::{At, Dots, Error, Grads, Mode, Op, Pass, Result, Shape, Tensor, Ties, arity};
use crate::base::{Flat, math, tensor};
use crate::graph::couple::Side;
use crate::kernel::gemm::{Matrix, matmul};

/// Attention of some heads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attention {
    /// Columns of a head.
    pub head: usize,
    /// Whether a token sees only those before it and itself.
    pub causal: bool,
}

/// A [T, d] or [T, T] matrix of one head.
type Part = Vec<f32>;

/// One head of one example at a time.
struct Heads {
    tokens: usize,
    width: usize,
    head: usize,
}

impl Heads {
    /// By example and head: where it begins.
    fn starts(&self, examples: usize) -> Vec<usize> {
        let (per, heads) = (self.tokens * self.width, self.width / self.head);
        (0..examples * heads).map(|i| i / heads * per + i % heads * self.head).collect()
    }

    /// A head's columns.
    fn take(&self, x: &Tensor, start: usize) -> Part {
        let (x, mut part) = (x.flat(), Vec::with_capacity(self.tokens * self.head));
        for t in 0..self.tokens {
            part.extend_from_slice(&x[start + t * self.width..][..self.head]);
        }
        part
    }

    /// A head's columns of the queries, keys and values.
    fn three(&self, ins: &[&Tensor], start: usize) -> [Part; 3] {
        [self.take(ins[0], start), self.take(ins[1], start), self.take(ins[2], start)]
    }

    /// Those of their tangents.
    fn three_dots(&self, dots: &Dots, start: usize) -> [Option<Part>; 3] {
        let take = |i: usize| dots[i].map(|dot| self.take(dot, start));
        [take(0), take(1), take(2)]
    }

    fn put(&self, y: &mut Tensor, start: usize, part: &[f32]) {
        let y = &mut y.flat_mut()[start..];
        for (t, row) in part.chunks(self.head).enumerate() {
            y[t * self.width..][..self.head].copy_from_slice(row);
        }
    }

    /// a bᵀ, [T, T].
    fn outer(&self, a: &[f32], b: &[f32]) -> Part {
        let (t, d) = (self.tokens, self.head);
        let mut y = vec![0.0; t * t];
        matmul(t, t, d, &Matrix::rows(a, d), &Matrix::transposed(b, d), &mut y, false);
        y
    }

    /// a b for a [T, T] matrix, or aᵀ b.
    fn mix(&self, a: &[f32], turned: bool, b: &[f32]) -> Part {
        let (t, d) = (self.tokens, self.head);
        let mut y = vec![0.0; t * d];
        let a = if turned { Matrix::transposed(a, t) } else { Matrix::rows(a, t) };
        matmul(t, d, t, &a, &Matrix::rows(b, d), &mut y, false);
        y
    }

    /// J g at the shares p: p ∘ (g - Σ p g), row by row.
    fn jacobian(&self, p: &[f32], g: &[f32]) -> Part {
        let mut out = Vec::with_capacity(p.len());
        for (p, g) in p.chunks(self.tokens).zip(g.chunks(self.tokens)) {
            let mean = math::dot(p, g) as f32;
            out.extend(p.iter().zip(g).map(|(p, g)| p * (g - mean)));
        }
        out
    }
}

fn add(mut a: Part, b: &[f32]) -> Part {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
    a
}

fn scaled(mut a: Part, by: f32) -> Part {
    a.iter_mut().for_each(|a| *a *= by);
    a
}

impl Attention {
    fn heads(&self, x: &Tensor) -> Heads {
        Heads { tokens: x.shape()[1], width: x.shape()[2], head: self.head }
    }

    fn scale(&self) -> f32 {
        1.0 / math::sqrt(self.head as f32)
    }

    /// The shares of a head: every row sums to one.
    fn shares(&self, of: &Heads, q: &[f32], k: &[f32]) -> Part {
        let (mut p, scale) = (of.outer(q, k), self.scale());
        for (t, row) in p.chunks_mut(of.tokens).enumerate() {
            let (seen, hidden) = row.split_at_mut(if self.causal { t + 1 } else { of.tokens });
            hidden.fill(0.0);
            let max = seen.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            seen.iter_mut().for_each(|v| *v = math::exp(scale * (*v - max)));
            let total: f32 = seen.iter().sum();
            seen.iter_mut().for_each(|v| *v /= total);
        }
        p
    }

    /// Tangent of the scores along q' and k', where a token sees another.
    fn scores_dot(&self, of: &Heads, [q, k]: [&Part; 2], [q_dot, k_dot]: [Option<&Part>; 2]) -> Part {
        let mut s = vec![0.0; of.tokens * of.tokens];
        if let Some(q_dot) = q_dot {
            s = add(s, &of.outer(q_dot, k));
        }
        if let Some(k_dot) = k_dot {
            s = add(s, &of.outer(q, k_dot));
        }
        scaled(s, self.scale())
    }
}

impl Op for Attention {
    fn kind(&self) -> &'static str {
        "Attention"
    }

    fn infer(&self, ins: &[&[usize]]) -> Result<Shape> {
        arity(ins, 3..=3)?;
        if ins[0].len() != 3 || self.head == 0 || !ins[0][2].is_multiple_of(self.head) {
            return Err(Error::shape("queries of attention", format!("[N, T, heads x {}]", self.head), ins[0]));
        }
        match ins[1..].iter().find(|x| **x != ins[0]) {
            Some(x) => Err(Error::shape("keys or values of attention", ins[0], x)),
            None => Ok(ins[0].to_vec()),
        }
    }

    fn forward(&self, ins: &[&Tensor], mode: Mode) -> Result<Pass> {
        let of = self.heads(ins[0]);
        let (mut y, mut kept) = (tensor::zeros(ins[0].shape()), Vec::new());
        for start in of.starts(ins[0].shape()[0]) {
            let [q, k, v] = of.three(ins, start);
            let p = self.shares(&of, &q, &k);
            of.put(&mut y, start, &of.mix(&p, false, &v));
            if mode.train {
                kept.extend(p);
            }
        }
        let saved = if mode.train { vec![tensor::from_vec(&[kept.len()], kept)?] } else { Vec::new() };
        Ok(Pass { y, saved, updates: Vec::new() })
    }

    fn backward(&self, at: At, grad: &Tensor) -> Result<Grads> {
        let of = self.heads(grad);
        let mut dq = tensor::zeros(grad.shape());
        let (mut dk, mut dv) = (dq.clone(), dq.clone());
        let cells = of.tokens * of.tokens;
        for (index, start) in of.starts(grad.shape()[0]).into_iter().enumerate() {
            let [q, k, v] = of.three(at.ins, start);
            let g = of.take(grad, start);
            let p = match at.saved.first() {
                Some(kept) => kept.flat()[index * cells..(index + 1) * cells].to_vec(),
                None => self.shares(&of, &q, &k),
            };
            let ds = scaled(of.jacobian(&p, &of.outer(&g, &v)), self.scale());
            of.put(&mut dq, start, &of.mix(&ds, false, &k));
            of.put(&mut dk, start, &of.mix(&ds, true, &q));
            of.put(&mut dv, start, &of.mix(&p, true, &g));
        }
        Ok(vec![Some(dq), Some(dk), Some(dv)])
    }

    fn tangent(&self, at: At, dots: &Dots) -> Result<Tensor> {
        let of = self.heads(at.y);
        let mut y = tensor::zeros(at.y.shape());
        for start in of.starts(at.y.shape()[0]) {
            let [q, k, v] = of.three(at.ins, start);
            let [q_dot, k_dot, v_dot] = of.three_dots(dots, start);
            let p = self.shares(&of, &q, &k);
            let s_dot = self.scores_dot(&of, [&q, &k], [q_dot.as_ref(), k_dot.as_ref()]);
            let mut out = of.mix(&of.jacobian(&p, &s_dot), false, &v);
            if let Some(v_dot) = v_dot {
                out = add(out, &of.mix(&p, false, &v_dot));
            }
            of.put(&mut y, start, &out);
        }
        Ok(y)
    }

    fn backward_tangent(&self, at: At, dots: &Dots, grad: &Tensor, grad_dot: &Tensor) -> Result<Grads> {
        let of = self.heads(grad);
        let mut dq = tensor::zeros(grad.shape());
        let (mut dk, mut dv) = (dq.clone(), dq.clone());
        let t = of.tokens;
        for start in of.starts(grad.shape()[0]) {
            let [q, k, v] = of.three(at.ins, start);
            let [q_dot, k_dot, v_dot] = of.three_dots(dots, start);
            let (g, g_dot) = (of.take(grad, start), of.take(grad_dot, start));
            let p = self.shares(&of, &q, &k);
            let p_dot = of.jacobian(&p, &self.scores_dot(&of, [&q, &k], [q_dot.as_ref(), k_dot.as_ref()]));
            let (dp, mut dp_dot) = (of.outer(&g, &v), of.outer(&g_dot, &v));
            if let Some(v_dot) = &v_dot {
                dp_dot = add(dp_dot, &of.outer(&g, v_dot));
            }
            // d/dt [p (dp - p·dp)] = p' (dp - p·dp) + p (dp' - p·dp') - p (p'·dp).
            let mut ds_dot = of.jacobian(&p, &dp_dot);
            for row in 0..t {
                let at = row * t..(row + 1) * t;
                let (p, p_dot, dp) = (&p[at.clone()], &p_dot[at.clone()], &dp[at.clone()]);
                let (along, turn) = (math::dot(p, dp) as f32, math::dot(p_dot, dp) as f32);
                for (i, ds) in ds_dot[at].iter_mut().enumerate() {
                    *ds += p_dot[i] * (dp[i] - along) - p[i] * turn;
                }
            }
            let (ds, ds_dot) = (scaled(of.jacobian(&p, &dp), self.scale()), scaled(ds_dot, self.scale()));
            let along = |turned: bool, x: &Part, x_dot: Option<&Part>| {
                let y = of.mix(&ds_dot, turned, x);
                x_dot.map_or_else(|| y.clone(), |x_dot| add(y.clone(), &of.mix(&ds, turned, x_dot)))
            };
            of.put(&mut dq, start, &along(false, &k, k_dot.as_ref()));
            of.put(&mut dk, start, &along(true, &q, q_dot.as_ref()));
            of.put(&mut dv, start, &add(of.mix(&p_dot, true, &g), &of.mix(&p, true, &g_dot)));
        }
        Ok(vec![Some(dq), Some(dk), Some(dv)])
    }

    fn couple(&self, ties: &mut Ties) {
        // A head lives or dies whole: its columns of the queries, keys and values, and of what comes out.
        let columns = |c: usize| c / self.head * self.head..(c / self.head + 1) * self.head;
        for side in [Side::In(0), Side::In(1), Side::In(2)] {
            ties.map((side, 2), (Side::Out, 2), columns);
        }
        for side in [Side::In(0), Side::In(1), Side::In(2), Side::Out] {
            ties.pin((side, 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let t = |data: &[f32]| tensor::from_vec(&[1, 2, 1], data.to_vec()).expect("two numbers");
        let (q, k, v) = (t(&[0.0, 3.0f32.ln()]), t(&[0.0, 1.0]), t(&[4.0, 8.0]));
        let full = Attention { head: 1, causal: false }.forward(&[&q, &k, &v], Mode::EVAL).expect("fits").y;
        assert!((full[[0, 0, 0]] - 6.0).abs() < 1e-5, "equal scores: the mean, {full}");
        assert!((full[[0, 1, 0]] - 7.0).abs() < 1e-5, "one and three quarters, {full}");
        let causal = Attention { head: 1, causal: true }.forward(&[&q, &k, &v], Mode::EVAL).expect("fits").y;
        assert!((causal[[0, 0, 0]] - 4.0).abs() < 1e-6, "the first token sees itself alone, {causal}");
        assert!(Attention { head: 2, causal: false }.infer(&[&[1, 2, 3][..]; 3]).is_err());
    }
}
