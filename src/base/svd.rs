//! Singular values and directions of a matrix, by one-sided Jacobi rotations: Hestenes, SIAM 1958; Golub and Van Loan, 8.6.3.
//!
//! Written here and not taken from a library for its bits, as [`super::square`] is, and because it can be done in slices.

/// Rotations that change less than this share are none.
const CLOSE: f64 = 1e-12;
/// Sweeps after which what is left is rounding.
const SWEEPS: usize = 40;

/// A matrix under way: its rows, or its columns where these are fewer, are turned until they stand square to one another.
#[derive(Clone, Debug)]
pub struct Svd {
    /// Vectors, and how long each is.
    n: usize,
    length: usize,
    vectors: Vec<f64>,
    /// The turns so far, [n, n]: vectors = turns · matrix.
    turns: Vec<f64>,
    /// Whether the vectors are columns.
    columns: bool,
    /// The first of the next pair, the sweep, and whether this sweep turned anything.
    next: usize,
    sweep: usize,
    turned: bool,
}

/// Directions in falling order of their singular values: A = Σ σ u vᵀ.
#[derive(Clone, Debug)]
pub struct Directions {
    /// Singular values, falling.
    pub values: Vec<f64>,
    /// Left directions, one after the other, each as long as A has rows.
    pub left: Vec<Vec<f64>>,
    /// Right directions, each as long as A has columns.
    pub right: Vec<Vec<f64>>,
}

impl Svd {
    /// Of a matrix [rows, columns], row by row.
    pub fn new(matrix: &[f32], [rows, columns]: [usize; 2]) -> Self {
        let upright = columns < rows;
        let (n, length) = if upright { (columns, rows) } else { (rows, columns) };
        let at =
            |i: usize, j: usize| f64::from(if upright { matrix[j * columns + i] } else { matrix[i * columns + j] });
        let vectors = (0..n * length).map(|k| at(k / length, k % length)).collect();
        let mut turns = vec![0.0; n * n];
        (0..n).for_each(|i| turns[i * n + i] = 1.0);
        Self { n, length, vectors, turns, columns: upright, next: 0, sweep: 0, turned: false }
    }

    /// Turns pairs of about so many numbers; whether all is done.
    pub fn step(&mut self, numbers: usize) -> bool {
        let mut done = 0;
        while self.sweep < SWEEPS {
            for i in self.next..self.n {
                if done > numbers {
                    self.next = i;
                    return false;
                }
                for j in i + 1..self.n {
                    self.turned |= self.turn(i, j);
                }
                done += (self.n - i) * (self.length + self.n);
            }
            (self.next, self.sweep) = (0, self.sweep + 1);
            if !std::mem::take(&mut self.turned) {
                self.sweep = SWEEPS;
            }
        }
        true
    }

    /// Turns two vectors until they stand square to each other; whether they did not before.
    fn turn(&mut self, i: usize, j: usize) -> bool {
        let (a, b) = pair(&mut self.vectors, self.length, i, j);
        let (aa, bb, ab) = (dot(a, a), dot(b, b), dot(a, b));
        if ab.abs() <= CLOSE * (aa * bb).sqrt() {
            return false;
        }
        let tau = (bb - aa) / (2.0 * ab);
        let t = tau.signum() / (tau.abs() + (1.0 + tau * tau).sqrt());
        let c = 1.0 / (1.0 + t * t).sqrt();
        rotate(a, b, c, c * t);
        let (a, b) = pair(&mut self.turns, self.n, i, j);
        rotate(a, b, c, c * t);
        true
    }

    /// What came of it. A direction whose value is zero is zero.
    pub fn directions(self) -> Directions {
        let Self { n, length, vectors, turns, columns, .. } = self;
        let mut order: Vec<(f64, usize)> =
            vectors.chunks(length.max(1)).take(n).map(|v| dot(v, v).sqrt()).zip(0..n).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0));
        let values = order.iter().map(|(value, _)| *value).collect();
        let long = |&(value, i): &(f64, usize)| {
            let own = &vectors[i * length..(i + 1) * length];
            own.iter().map(|x| if value > 0.0 { x / value } else { 0.0 }).collect()
        };
        let short = |&(_, i): &(f64, usize)| turns[i * n..(i + 1) * n].to_vec();
        let long: Vec<Vec<f64>> = order.iter().map(long).collect();
        let short: Vec<Vec<f64>> = order.iter().map(short).collect();
        let (left, right) = if columns { (long, short) } else { (short, long) };
        Directions { values, left, right }
    }
}

/// The fewest directions that hold a share of the energy, the sum of squared values; at least one.
pub fn rank(values: &[f64], share: f64) -> usize {
    let all: f64 = values.iter().map(|value| value * value).sum();
    let mut held = 0.0;
    let reached = values.iter().position(|value| {
        held += value * value;
        held >= share * all
    });
    reached.map_or(values.len(), |last| last + 1)
}

fn pair(all: &mut [f64], length: usize, i: usize, j: usize) -> (&mut [f64], &mut [f64]) {
    let (first, second) = all.split_at_mut(j * length);
    (&mut first[i * length..(i + 1) * length], &mut second[..length])
}

/// In four strands: one alone waits for itself.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (a4, b4) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a4.remainder().iter().zip(b4.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a4.zip(b4) {
        (0..4).for_each(|k| sums[k] += x[k] * y[k]);
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

fn rotate(a: &mut [f64], b: &mut [f64], c: f64, s: f64) {
    for (x, y) in a.iter_mut().zip(b) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Rng;

    #[test]
    fn directions_make_the_matrix_again() {
        for shape @ [rows, columns] in [[5, 8], [8, 5], [1, 4], [6, 6]] {
            let mut rng = Rng::new(7);
            let mut matrix: Vec<f32> = (0..rows * columns).map(|_| rng.normal()).collect();
            matrix[..columns].fill(0.0);
            let mut svd = Svd::new(&matrix, shape);
            while !svd.step(1) {}
            let Directions { values, left, right } = svd.directions();
            assert!(values.windows(2).all(|pair| pair[0] >= pair[1]), "{values:?}");
            for (k, x) in matrix.iter().enumerate() {
                let (i, j) = (k / columns, k % columns);
                let sum: f64 = (0..values.len()).map(|r| values[r] * left[r][i] * right[r][j]).sum();
                assert!((sum - f64::from(*x)).abs() < 1e-9, "{shape:?}, {i}, {j}: {sum}, not {x}");
            }
            for (a, b) in [(0, 0), (0, values.len() - 1)] {
                let want = f64::from(u8::from(a == b && values[a] > 0.0));
                assert!((dot(&right[a], &right[b]) - want).abs() < 1e-9 || values[b] == 0.0, "{shape:?}");
            }
        }
    }

    #[test]
    fn the_rank_is_the_fewest_that_hold_enough() {
        let values = [4.0, 3.0, 0.0];
        assert_eq!((rank(&values, 0.64), rank(&values, 0.65), rank(&values, 1.0)), (1, 2, 2));
        assert_eq!((rank(&[0.0; 2], 0.9), rank(&[], 0.9)), (1, 0));
    }
}
