//! The machine's multiply-add rate: what a kernel could reach if it never waited for memory.

use super::simd::{self, Lane, Rounding, Work};

/// Sums that are independent of each other: a product and an addition, one after the other, take six or seven cycles and two
/// of each start in one, so fewer sums than this wait where multiply-adds are not fused. With one more, some engines run out
/// of registers (16 in all) and the rate halves.
const CHAINS: usize = 13;
/// Multiply-adds of a lane in one round.
const ROUND: usize = 4096;

struct Chains {
    rounds: usize,
}

impl Work for Chains {
    type Out = (usize, f32);

    #[inline(always)]
    fn run<L: Lane>(self) -> (usize, f32) {
        // One number that the compiler cannot know, used twice to spare a register: x/2 + 1/2 neither grows nor vanishes.
        let half = L::splat(std::hint::black_box(0.5));
        let mut sums = [half; CHAINS];
        for _ in 0..self.rounds * ROUND {
            sums = sums.map(|sum| half.fma(half, sum));
        }
        let mut out = [0.0; 8];
        let total = sums.into_iter().fold(L::splat(0.0), L::add);
        // SAFETY: a lane has at most eight numbers.
        unsafe { total.store(out.as_mut_ptr()) };
        (self.rounds * ROUND * CHAINS * L::N, out[0])
    }
}

/// Runs some rounds of multiply-adds in registers; gives how many there were. The sum only keeps them from being left out.
pub fn run(rounds: usize) -> usize {
    let (count, sum) = simd::run(Chains { rounds }, Rounding::Fast);
    std::hint::black_box(sum);
    count
}
