//! Lanes: a handful of numbers handled at once. The arithmetic of every kernel is written once over [`Lane`].
//!
//! Each lane holds an output element of its own and sums its terms in the order of the loop, with a separate multiply and
//! add. So the result does not depend on the number of lanes: wasm, SSE and AVX give the same bits.

/// Some f32 numbers side by side.
///
/// # Safety
/// `load` and `store` touch `N` numbers from the pointer on, aligned or not; the caller owns that memory.
pub unsafe trait Lane: Copy {
    /// How many numbers.
    const N: usize;
    /// The same number in every lane.
    fn splat(x: f32) -> Self;
    /// Reads `N` numbers.
    ///
    /// # Safety
    /// `p` is readable for `N` numbers.
    unsafe fn load(p: *const f32) -> Self;
    /// Writes `N` numbers.
    ///
    /// # Safety
    /// `p` is writable for `N` numbers.
    unsafe fn store(self, p: *mut f32);
    /// Sum, lane by lane.
    fn add(self, other: Self) -> Self;
    /// Product, lane by lane.
    fn mul(self, other: Self) -> Self;
    /// The greater, lane by lane: self where neither is, so that NaN stays.
    fn max(self, other: Self) -> Self;
    /// The lesser, lane by lane: self where neither is.
    fn min(self, other: Self) -> Self;

    /// self + a b, rounded twice.
    #[inline(always)]
    fn fma(self, a: Self, b: Self) -> Self {
        self.add(a.mul(b))
    }
}

/// Four numbers.
#[cfg(target_arch = "wasm32")]
pub type F32x4 = core::arch::wasm32::v128;
/// Four numbers.
#[cfg(target_arch = "x86_64")]
pub type F32x4 = core::arch::x86_64::__m128;
/// Four numbers.
#[cfg(not(any(target_arch = "wasm32", target_arch = "x86_64")))]
pub type F32x4 = [f32; 4];

macro_rules! lane {
    ($type:ty, $n:literal, $splat:path, $load:path, $store:path, $add:path, $mul:path, $max:path, $min:path, $as:ty) => {
        // SAFETY: each method is one instruction that is there on this target (AVX only behind `widest`'s check); loads
        // and stores are the unaligned kind, of memory that the caller vouches for.
        #[allow(unused_unsafe)]
        unsafe impl Lane for $type {
            const N: usize = $n;
            #[inline(always)]
            fn splat(x: f32) -> Self {
                unsafe { $splat(x) }
            }
            #[inline(always)]
            unsafe fn load(p: *const f32) -> Self {
                unsafe { $load(p as *const $as) }
            }
            #[inline(always)]
            unsafe fn store(self, p: *mut f32) {
                unsafe { $store(p as *mut $as, self) }
            }
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                unsafe { $add(self, other) }
            }
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                unsafe { $mul(self, other) }
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                unsafe { $max(other, self) }
            }
            #[inline(always)]
            fn min(self, other: Self) -> Self {
                unsafe { $min(other, self) }
            }
        }
    };
}

#[cfg(target_arch = "wasm32")]
mod native {
    use super::Lane;
    use core::arch::wasm32::*;

    /// Wasm's pseudo-maximum keeps its first operand where neither is greater; the x86 instruction its second.
    #[inline(always)]
    fn max(b: v128, a: v128) -> v128 {
        f32x4_pmax(a, b)
    }

    #[inline(always)]
    fn min(b: v128, a: v128) -> v128 {
        f32x4_pmin(a, b)
    }

    lane!(v128, 4, f32x4_splat, v128_load, v128_store, f32x4_add, f32x4_mul, max, min, v128);
}

#[cfg(target_arch = "x86_64")]
mod native {
    use super::Lane;
    use core::arch::x86_64::*;

    lane!(__m128, 4, _mm_set1_ps, _mm_loadu_ps, _mm_storeu_ps, _mm_add_ps, _mm_mul_ps, _mm_max_ps, _mm_min_ps, f32);
    lane!(
        __m256,
        8,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_add_ps,
        _mm256_mul_ps,
        _mm256_max_ps,
        _mm256_min_ps,
        f32
    );
}

#[cfg(not(any(target_arch = "wasm32", target_arch = "x86_64")))]
mod native {
    use super::Lane;

    fn zip(a: [f32; 4], b: [f32; 4], f: impl Fn(f32, f32) -> f32) -> [f32; 4] {
        std::array::from_fn(|i| f(a[i], b[i]))
    }

    // SAFETY: four numbers are read and written through unaligned copies of memory that the caller vouches for.
    unsafe impl Lane for [f32; 4] {
        const N: usize = 4;
        fn splat(x: f32) -> Self {
            [x; 4]
        }
        unsafe fn load(p: *const f32) -> Self {
            unsafe { p.cast::<[f32; 4]>().read_unaligned() }
        }
        unsafe fn store(self, p: *mut f32) {
            unsafe { p.cast::<[f32; 4]>().write_unaligned(self) }
        }
        fn add(self, other: Self) -> Self {
            zip(self, other, |a, b| a + b)
        }
        fn mul(self, other: Self) -> Self {
            zip(self, other, |a, b| a * b)
        }
        fn max(self, other: Self) -> Self {
            zip(self, other, |a, b| if b > a { b } else { a })
        }
        fn min(self, other: Self) -> Self {
            zip(self, other, |a, b| if b < a { b } else { a })
        }
    }
}

/// Copies as many numbers as `to` has.
///
/// A row of pixels is short, and `copy_from_slice` is a call out of wasm into the browser: this is loads and stores.
#[inline]
pub fn copy(from: &[f32], to: &mut [f32]) {
    const N: usize = F32x4::N;
    let n = to.len();
    let from = &from[..n];
    if !cfg!(target_arch = "wasm32") {
        return to.copy_from_slice(from);
    }
    if n < N {
        // One by one, not in a loop: the compiler would see a copy in it.
        for i in [0, 1, 2] {
            if i < n {
                to[i] = from[i];
            }
        }
        return;
    }
    let (from, to) = (from.as_ptr(), to.as_mut_ptr());
    // SAFETY: every lane begins at most N before the end of both, which hold n numbers.
    unsafe {
        let pair = |i: usize, j: usize| {
            let (a, b) = (F32x4::load(from.add(i)), F32x4::load(from.add(j)));
            a.store(to.add(i));
            b.store(to.add(j));
        };
        // Two lanes a round: a loop of single ones would be turned into that call.
        let mut i = 0;
        while i + 2 * N <= n {
            pair(i, i + N);
            i += 2 * N;
        }
        pair(i.min(n - N), n - N);
    }
}

/// to[i] = from[2 i], as many numbers as `to` has.
#[inline]
pub fn evens(from: &[f32], to: &mut [f32]) {
    let whole = lanes_of_evens(from, to);
    to.iter_mut().zip(from.iter().step_by(2)).skip(whole).for_each(|(to, x)| *to = *x);
}

/// Does as much of it as fits whole lanes; gives how many numbers that were.
#[cfg(target_arch = "wasm32")]
fn lanes_of_evens(from: &[f32], to: &mut [f32]) -> usize {
    const N: usize = F32x4::N;
    let lanes = (to.len() / N).min(from.len() / (2 * N));
    for i in (0..lanes * N).step_by(N) {
        // SAFETY: two lanes of `from` and one of `to` are left.
        unsafe {
            let (a, b) = (F32x4::load(from.as_ptr().add(2 * i)), F32x4::load(from.as_ptr().add(2 * i + N)));
            core::arch::wasm32::i32x4_shuffle::<0, 2, 4, 6>(a, b).store(to.as_mut_ptr().add(i));
        }
    }
    lanes * N
}

/// The compiler does this itself where a loop is not to be turned into a call.
#[cfg(not(target_arch = "wasm32"))]
fn lanes_of_evens(_: &[f32], _: &mut [f32]) -> usize {
    0
}

/// Work written over any lane. Mark `run` and what it calls `#[inline(always)]`: only then does it compile to wide instructions.
pub trait Work {
    /// What the work gives.
    type Out;
    /// Does the work with a kind of lane.
    fn run<L: Lane>(self) -> Self::Out;
}

/// Runs work with the widest lanes that this machine has.
#[inline]
pub fn widest<W: Work>(work: W) -> W::Out {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the feature was just detected.
        return unsafe { with_avx(work) };
    }
    work.run::<F32x4>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn with_avx<W: Work>(work: W) -> W::Out {
    work.run::<core::arch::x86_64::__m256>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_exactly_what_is_asked_for() {
        let from: Vec<f32> = (1..60).map(|i| i as f32).collect();
        for n in 0..40 {
            let mut to = vec![0.0; n + 1];
            copy(&from, &mut to[..n]);
            assert!(to[..n] == from[..n] && to[n] == 0.0, "{n} numbers");
        }
        for n in 0..30 {
            let mut to = vec![0.0; n + 1];
            evens(&from, &mut to[..n]);
            assert!(to[..n].iter().zip((1..60).step_by(2)).all(|(a, b)| *a == b as f32) && to[n] == 0.0, "{n} numbers");
        }
    }
}
