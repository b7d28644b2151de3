//! Numbers put to a few centroids: k-means on a line (S. Lloyd, IEEE Trans. Information Theory, 1982).
//!
//! Centroids begin evenly between the least and the greatest number. A round puts each number to the nearest centroid, of two as
//! near to the lower, and each centroid at the mean of its numbers; one without numbers stays. On a line centroids keep their
//! order, so the nearest is found by halving.

/// Lloyd's algorithm on a line, round by round.
#[derive(Clone, Debug, PartialEq)]
pub struct Lloyd {
    /// The centroids, from the lowest to the highest.
    pub centroids: Vec<f64>,
    /// By number: its centroid.
    pub nearest: Vec<u16>,
    /// Rounds in which centroids moved.
    pub rounds: usize,
}

impl Lloyd {
    /// Some centroids, evenly from the least to the greatest number.
    pub fn new(numbers: &[f32], count: usize) -> Self {
        let ends = numbers.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &w| {
            (low.min(f64::from(w)), high.max(f64::from(w)))
        });
        let step = (ends.1 - ends.0) / (count - 1).max(1) as f64;
        let centroids = (0..count).map(|k| ends.0 + k as f64 * step).collect();
        Self { centroids, nearest: Vec::new(), rounds: 0 }
    }

    /// One round; says whether no number changed its centroid.
    pub fn step(&mut self, numbers: &[f32]) -> bool {
        let nearest: Vec<u16> = numbers.iter().map(|&w| self.find(f64::from(w)) as u16).collect();
        if nearest == self.nearest {
            return true;
        }
        let mut sums = vec![(0.0f64, 0usize); self.centroids.len()];
        for (&k, &w) in nearest.iter().zip(numbers) {
            let (sum, n) = &mut sums[usize::from(k)];
            *sum += f64::from(w);
            *n += 1;
        }
        for (centroid, (sum, n)) in self.centroids.iter_mut().zip(sums).filter(|(_, (_, n))| *n > 0) {
            *centroid = sum / n as f64;
        }
        (self.nearest, self.rounds) = (nearest, self.rounds + 1);
        false
    }

    /// The nearest centroid; of two as near, the lower.
    fn find(&self, w: f64) -> usize {
        let above = self.centroids.partition_point(|&c| c < w);
        let apart = |k: usize| (w - self.centroids[k]).abs();
        match above {
            0 => 0,
            k if k == self.centroids.len() => self.first(k - 1),
            k if apart(k) < apart(k - 1) => self.first(k),
            k => self.first(k - 1),
        }
    }

    /// The first of centroids that are the same.
    fn first(&self, k: usize) -> usize {
        (0..k).rev().take_while(|&j| self.centroids[j] == self.centroids[k]).last().unwrap_or(k)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let numbers = [0.0, 1.0, 1.0, 9.0, 10.0];
        let mut lloyd = Lloyd::new(&numbers, 3);
        assert_eq!(lloyd.centroids, [0.0, 5.0, 10.0]);
        assert!(!lloyd.step(&numbers));
        assert_eq!((lloyd.nearest.as_slice(), lloyd.rounds), (&[0, 0, 0, 2, 2][..], 1));
        assert_eq!(lloyd.centroids[1..], [5.0, 9.5], "one without numbers stays");
        assert!(lloyd.step(&numbers));
        let mut same = Lloyd::new(&[2.0, 2.0], 4);
        assert!(!same.step(&[2.0, 2.0]));
        assert_eq!(same.nearest, [0, 0], "of equal centroids the first");
    }
}
