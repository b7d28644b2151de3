//! The machine's multiply-add rate: what a kernel could reach if it never waited for memory.

use super::simd::{self, Lane, Rounding, Work};

/// Sums that are independent of each other: enough to hide how long one addition takes.
const CHAINS: usize = 10;
/// Multiply-adds of a lane in one round.
const ROUND: usize = 4096;

struct Chains {
    rounds: usize,
}

impl Work for Chains {
    type Out = (usize, f32);

    #[inline(always)]
    fn run<L: Lane>(self) -> (usize, f32) {
        // Numbers that neither grow nor vanish, and that the compiler cannot know.
        let (a, b) = (L::splat(std::hint::black_box(0.999)), L::splat(std::hint::black_box(0.001)));
        let mut sums = [b; CHAINS];
        for _ in 0..self.rounds * ROUND {
            sums = sums.map(|sum| b.fma(a, sum));
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
