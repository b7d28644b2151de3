//! SquareMatrix matrices of f64 and what solvers need of them: Cholesky, triangular inverses, solutions.
//!
//! Written here and not taken from a library for their bits: sums run in one order, elementwise along rows, with no fused
//! multiply-add, so that every build on every machine gives the same numbers.

use super::{Error, Result};

/// A square matrix, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct SquareMatrix {
    n: usize,
    data: Vec<f64>,
}

impl SquareMatrix {
    /// Zeros.
    pub fn zeros(n: usize) -> Self {
        Self { n, data: vec![0.0; n * n] }
    }

    /// Of n² numbers, row by row.
    ///
    /// # Errors
    /// When they are not so many.
    pub fn from_vec(n: usize, data: Vec<f64>) -> Result<Self> {
        if data.len() == n * n { Ok(Self { n, data }) } else { Err(Error::shape("square matrix", n * n, data.len())) }
    }

    /// Rows, and columns.
    pub fn n(&self) -> usize {
        self.n
    }

    /// A row.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.data[i * self.n..(i + 1) * self.n]
    }

    /// A row, to be changed.
    pub fn row_mut(&mut self, i: usize) -> &mut [f64] {
        &mut self.data[i * self.n..(i + 1) * self.n]
    }

    /// An element.
    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.data[i * self.n + j]
    }

    /// All elements, row by row.
    pub fn as_slice(&self) -> &[f64] {
        &self.data
    }

    /// All elements, to be changed.
    pub fn as_mut_slice(&mut self) -> &mut [f64] {
        &mut self.data
    }

    /// Mean of the diagonal.
    pub fn mean_diagonal(&self) -> f64 {
        (0..self.n).map(|i| self.at(i, i)).sum::<f64>() / self.n.max(1) as f64
    }

    /// Adds a number to the diagonal.
    pub fn add_diagonal(&mut self, x: f64) {
        (0..self.n).for_each(|i| self.data[i * self.n + i] += x);
    }

    /// The rows and columns of some indices.
    pub fn pick(&self, indices: &[usize]) -> Self {
        let data = indices.iter().flat_map(|&i| indices.iter().map(move |&j| self.at(i, j))).collect();
        Self { n: indices.len(), data }
    }

    /// Rows and columns in the opposite order.
    pub fn reversed(mut self) -> Self {
        self.data.reverse();
        self
    }

    /// L with L Lᵀ = A, lower triangular, for a symmetric positive definite A. Zeros above the diagonal.
    ///
    /// # Errors
    /// When A is not positive definite.
    pub fn cholesky(mut self) -> Result<Self> {
        let n = self.n;
        for k in 0..n {
            let pivot = self.at(k, k);
            if pivot.is_nan() || pivot <= 0.0 {
                return Err(Error::unsupported("a matrix of input products is singular")
                    .hint("raise the damping, or look at more images"));
            }
            // Column k of L, kept in row k until the end: rows are contiguous.
            let root = pivot.sqrt();
            self.row_mut(k)[k..].iter_mut().for_each(|x| *x /= root);
            let (done, rest) = self.data.split_at_mut((k + 1) * n);
            let row = &done[k * n..];
            for (i, other) in (k + 1..n).zip(rest.chunks_exact_mut(n)) {
                let factor = row[i];
                if factor != 0.0 {
                    other[i..].iter_mut().zip(&row[i..]).for_each(|(x, r)| *x -= factor * r);
                }
            }
        }
        for i in 0..n {
            for j in 0..i {
                self.data[i * n + j] = self.data[j * n + i];
                self.data[j * n + i] = 0.0;
            }
        }
        Ok(self)
    }

    /// The inverse of a lower triangular matrix.
    pub fn inverse_of_lower(&self) -> Self {
        let n = self.n;
        let mut out = Self::zeros(n);
        for i in 0..n {
            let (done, rest) = out.data.split_at_mut(i * n);
            let row = &mut rest[..n];
            for k in 0..i {
                let factor = self.at(i, k);
                if factor != 0.0 {
                    row[..=k].iter_mut().zip(&done[k * n..=k * n + k]).for_each(|(x, d)| *x -= factor * d);
                }
            }
            row[i] = 1.0;
            let pivot = self.at(i, i);
            row[..=i].iter_mut().for_each(|x| *x /= pivot);
        }
        out
    }

    /// U with Uᵀ U = A⁻¹, upper triangular, for a symmetric positive definite A.
    ///
    /// # Errors
    /// When A is not positive definite.
    pub fn upper_of_inverse(self) -> Result<Self> {
        // With rows and columns reversed A = R Rᵀ, R upper; then A⁻¹ = R⁻ᵀ R⁻¹.
        Ok(self.reversed().cholesky()?.inverse_of_lower().reversed())
    }

    /// A⁻¹ of a symmetric positive definite A.
    ///
    /// # Errors
    /// When A is not positive definite.
    pub fn inverse(self) -> Result<Self> {
        let n = self.n;
        let lower = self.cholesky()?.inverse_of_lower();
        let mut out = Self::zeros(n);
        for k in 0..n {
            let row = &lower.data[k * n..=k * n + k];
            for (i, &factor) in row.iter().enumerate() {
                out.data[i * n..=i * n + k].iter_mut().zip(row).for_each(|(x, r)| *x += factor * r);
            }
        }
        Ok(out)
    }

    /// x with L Lᵀ x = b, for L lower triangular.
    pub fn solve_lower(&self, mut b: Vec<f64>) -> Vec<f64> {
        let n = self.n;
        for i in 0..n {
            let row = self.row(i);
            let sum: f64 = row[..i].iter().zip(&b[..i]).map(|(l, x)| l * x).sum();
            b[i] = (b[i] - sum) / row[i];
        }
        for i in (0..n).rev() {
            b[i] /= self.at(i, i);
            let (head, x) = (&mut b[..=i], i);
            let value = head[x];
            head[..x].iter_mut().zip(&self.row(i)[..x]).for_each(|(y, l)| *y -= l * value);
        }
        b
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Rng;

    /// A random positive definite matrix.
    fn positive(n: usize) -> SquareMatrix {
        let mut rng = Rng::new(7);
        let x: Vec<f64> = (0..3 * n * n).map(|_| f64::from(rng.normal())).collect();
        let mut out = SquareMatrix::zeros(n);
        for row in x.chunks(n) {
            (0..n).for_each(|i| out.row_mut(i).iter_mut().zip(row).for_each(|(y, r)| *y += row[i] * r));
        }
        out
    }

    fn product(a: &SquareMatrix, b: &SquareMatrix) -> SquareMatrix {
        let n = a.n();
        let at = |i: usize, j: usize| (0..n).map(|k| a.at(i, k) * b.at(k, j)).sum();
        SquareMatrix { n, data: (0..n * n).map(|i| at(i / n, i % n)).collect() }
    }

    fn transposed(a: &SquareMatrix) -> SquareMatrix {
        let n = a.n();
        SquareMatrix { n, data: (0..n * n).map(|i| a.at(i % n, i / n)).collect() }
    }

    fn close(a: &SquareMatrix, b: &SquareMatrix) {
        for (x, y) in a.as_slice().iter().zip(b.as_slice()) {
            assert!((x - y).abs() < 1e-9, "{x} is not {y}");
        }
    }

    #[test]
    fn factors_multiply_to_what_they_are_of() -> Result<()> {
        let (n, a) = (9, positive(9));
        let mut one = SquareMatrix::zeros(n);
        one.add_diagonal(1.0);
        let l = a.clone().cholesky()?;
        assert_eq!(l.at(2, 5), 0.0);
        close(&product(&l, &transposed(&l)), &a);
        close(&product(&l, &l.inverse_of_lower()), &one);
        let inverse = a.clone().inverse()?;
        close(&product(&a, &inverse), &one);
        let u = a.clone().upper_of_inverse()?;
        assert_eq!(u.at(5, 2), 0.0);
        close(&product(&transposed(&u), &u), &inverse);
        let b: Vec<f64> = (0..n).map(|i| i as f64).collect();
        let x = l.solve_lower(b.clone());
        for (i, b) in b.iter().enumerate() {
            let sum: f64 = a.row(i).iter().zip(&x).map(|(a, x)| a * x).sum();
            assert!((sum - b).abs() < 1e-9);
        }
        Ok(())
    }

    #[test]
    fn what_is_not_positive_is_refused() -> Result<()> {
        assert!(SquareMatrix::from_vec(2, vec![1.0, 2.0, 2.0, 1.0])?.cholesky().is_err());
        assert!(SquareMatrix::zeros(1).cholesky().is_err() && SquareMatrix::from_vec(2, vec![1.0]).is_err());
        assert_eq!(SquareMatrix::zeros(0).cholesky()?.n(), 0);
        Ok(())
    }
}
