//! Ranking by score: one sort for the whole crate, on whole numbers that stand for (score, position).
//!
//! Scores compare as by `f32::total_cmp`; of equal ones the lower position ranks higher.

/// A score and its position as a number that is the smaller the higher it ranks.
fn key(score: f32, position: usize) -> u64 {
    debug_assert!(position <= u32::MAX as usize);
    let bits = score.to_bits();
    // Negative numbers fall with their bits, positive ones rise; flipped, all rise. Then the highest comes first.
    let rising = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
    u64::from(!rising) << 32 | position as u64
}

fn position(key: &u64) -> usize {
    *key as u32 as usize
}

/// Positions from the highest score to the lowest.
pub fn falling(scores: &[f32]) -> Vec<usize> {
    let mut keys: Vec<u64> = scores.iter().enumerate().map(|(i, &s)| key(s, i)).collect();
    keys.sort_unstable();
    keys.iter().map(position).collect()
}

/// Positions from the lowest count to the highest; of equal ones the lower position comes first.
pub fn rising(counts: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut keys: Vec<u64> = counts.enumerate().map(|(i, n)| (n as u64) << 32 | i as u64).collect();
    keys.sort_unstable();
    keys.iter().map(position).collect()
}

/// The `keep` highest of some (score, position) pairs, highest first, in time linear in the pairs.
pub fn highest(pairs: impl Iterator<Item = (f32, usize)>, keep: usize) -> Vec<usize> {
    let mut keys: Vec<u64> = pairs.map(|(score, i)| key(score, i)).collect();
    if keep < keys.len() {
        keys.select_nth_unstable(keep);
        keys.truncate(keep);
    }
    keys.sort_unstable();
    keys.iter().map(position).collect()
}

/// The `count` lowest of some (score, position) pairs, lowest first; of equal ones the lower position comes first.
pub fn lowest(pairs: impl Iterator<Item = (f32, usize)>, count: usize) -> Vec<usize> {
    highest(pairs.map(|(score, i)| (-score, i)), count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Rng;

    #[test]
    fn counts_rise_and_equal_ones_keep_their_order() {
        assert_eq!(rising([3, 0, 7, 3, 0].into_iter()), [1, 4, 0, 3, 2]);
    }

    #[test]
    fn ranks_as_a_stable_sort_does() {
        let mut rng = Rng::new(1);
        let mut scores: Vec<f32> = (0..500).map(|_| (8.0 * rng.normal()).round() / 8.0).collect();
        scores.extend([f32::NEG_INFINITY, -0.0, 0.0, f32::INFINITY, f32::MIN_POSITIVE]);
        let mut want: Vec<usize> = (0..scores.len()).collect();
        want.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        assert_eq!(falling(&scores), want);
        for keep in [0, 1, 100, scores.len(), scores.len() + 1] {
            let pairs = scores.iter().copied().zip(0..);
            assert_eq!(highest(pairs, keep), want[..keep.min(want.len())]);
        }
        assert_eq!(lowest([(2.0, 0), (-1.0, 1), (2.0, 2), (-1.0, 3)].into_iter(), 3), [1, 3, 0]);
    }
}
