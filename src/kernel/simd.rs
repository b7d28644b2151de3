//! Lanes: a handful of numbers handled at once. The arithmetic of every kernel is written once over [`Lane`].
//!
//! Each lane holds an output element of its own and sums its terms in the order of the loop. With [`Rounding::Exact`], a
//! multiply-add rounds twice, and the result depends neither on the number of lanes nor on the machine: wasm, SSE and AVX give
//! the same bits. [`Rounding::Fast`] rounds once where that is one instruction: in wasm built with relaxed SIMD.

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
    /// Numbers from wherever they lie: `p[at[i]]`.
    ///
    /// # Safety
    /// `at` is readable for `N` places, and `p` at each of them.
    #[inline(always)]
    unsafe fn gather(p: *const f32, at: *const u32) -> Self {
        let mut x = [0.0; 8];
        // SAFETY: promised by the caller; a lane has at most eight numbers.
        unsafe {
            for (i, x) in x.iter_mut().enumerate().take(Self::N) {
                *x = *p.add(*at.add(i) as usize);
            }
            Self::load(x.as_ptr())
        }
    }
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

/// The even and the odd numbers of two lanes that follow each other.
#[inline(always)]
pub fn unzip(a: F32x4, b: F32x4) -> [F32x4; 2] {
    #[cfg(target_arch = "wasm32")]
    {
        use core::arch::wasm32::i32x4_shuffle;
        [i32x4_shuffle::<0, 2, 4, 6>(a, b), i32x4_shuffle::<1, 3, 5, 7>(a, b)]
    }
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::_mm_shuffle_ps;
        // SAFETY: SSE is there on every x86-64.
        unsafe { [_mm_shuffle_ps::<0b10_00_10_00>(a, b), _mm_shuffle_ps::<0b11_01_11_01>(a, b)] }
    }
    #[cfg(not(any(target_arch = "wasm32", target_arch = "x86_64")))]
    {
        [[a[0], a[2], b[0], b[2]], [a[1], a[3], b[1], b[3]]]
    }
}

/// Work written over any lane. Mark `run` and what it calls `#[inline(always)]`: only then does it compile to wide instructions.
pub trait Work {
    /// What the work gives.
    type Out;
    /// Does the work with a kind of lane.
    fn run<L: Lane>(self) -> Self::Out;
}

/// How multiply-adds round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Twice, the same on every machine: what trains, and whatever is compared bit by bit.
    Exact,
    /// As this build does it fastest.
    Fast,
}

/// Whether fast rounding differs from the exact one in this build.
pub const FUSED: bool = cfg!(target_feature = "relaxed-simd");

/// Four numbers whose multiply-add rounds once.
#[cfg(target_feature = "relaxed-simd")]
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Fused(F32x4);

// SAFETY: as for `F32x4`.
#[cfg(target_feature = "relaxed-simd")]
unsafe impl Lane for Fused {
    const N: usize = F32x4::N;
    #[inline(always)]
    fn splat(x: f32) -> Self {
        Self(F32x4::splat(x))
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        Self(unsafe { F32x4::load(p) })
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        unsafe { self.0.store(p) }
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(self.0.add(other.0))
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(self.0.mul(other.0))
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }
    #[inline(always)]
    fn fma(self, a: Self, b: Self) -> Self {
        Self(core::arch::wasm32::f32x4_relaxed_madd(a.0, b.0, self.0))
    }
}

/// Runs work as a rounding allows it to be fastest.
#[inline]
pub fn run<W: Work>(work: W, rounding: Rounding) -> W::Out {
    match rounding {
        #[cfg(target_feature = "relaxed-simd")]
        Rounding::Fast => work.run::<Fused>(),
        _ => widest(work),
    }
}

/// Runs work exactly, with the widest lanes that this machine has.
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
