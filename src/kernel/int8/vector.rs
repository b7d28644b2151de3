//! Sixteen bytes as a vector: the operations that sums are made of, one instruction each or nearly.

#[cfg(target_arch = "wasm32")]
pub use wasm::*;

#[cfg(target_arch = "x86_64")]
pub use sse::*;

#[cfg(target_arch = "wasm32")]
mod wasm {
    use core::arch::wasm32::*;

    /// Integers of any width, or floats.
    pub type Vector = v128;
    /// Floats.
    pub type Floats = v128;

    /// # Safety
    /// `p` is readable for sixteen bytes.
    #[inline(always)]
    pub unsafe fn load(p: *const u8) -> Vector {
        // SAFETY: promised by the caller.
        unsafe { v128_load(p.cast()) }
    }

    /// # Safety
    /// `p` is writable for sixteen bytes.
    #[inline(always)]
    pub unsafe fn store(p: *mut u8, x: Vector) {
        // SAFETY: promised by the caller.
        unsafe { v128_store(p.cast(), x) }
    }

    #[inline(always)]
    pub fn splat_8(x: u8) -> Vector {
        u8x16_splat(x)
    }

    #[inline(always)]
    pub fn splat_16(x: i16) -> Vector {
        i16x8_splat(x)
    }

    #[inline(always)]
    pub fn splat_32(x: i32) -> Vector {
        i32x4_splat(x)
    }

    #[inline(always)]
    pub fn splat_float(x: f32) -> Floats {
        f32x4_splat(x)
    }

    /// a₀ b₀ a₁ b₁ … of the first eight bytes, and of the last.
    #[inline(always)]
    pub fn zip_8(a: Vector, b: Vector) -> [Vector; 2] {
        [
            i8x16_shuffle::<0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23>(a, b),
            i8x16_shuffle::<8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31>(a, b),
        ]
    }

    /// a₀ b₀ a₁ b₁ … of the first four 16-bit numbers, and of the last.
    #[inline(always)]
    pub fn zip_16(a: Vector, b: Vector) -> [Vector; 2] {
        [i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(a, b), i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(a, b)]
    }

    /// Sums of neighbouring products of 16-bit numbers.
    #[inline(always)]
    pub fn dot_16(a: Vector, b: Vector) -> Vector {
        i32x4_dot_i16x8(a, b)
    }

    /// Sums of neighbouring products of signed bytes w and seven-bit ones x: two of them fit 16 bits, so that nothing
    /// saturates and the relaxed instruction has one result only.
    #[cfg(target_feature = "relaxed-simd")]
    #[inline(always)]
    pub fn dot_8(w: Vector, x: Vector) -> Vector {
        i16x8_relaxed_dot_i8x16_i7x16(w, x)
    }

    #[inline(always)]
    pub fn add_32(a: Vector, b: Vector) -> Vector {
        i32x4_add(a, b)
    }

    #[inline(always)]
    pub fn sub_32(a: Vector, b: Vector) -> Vector {
        i32x4_sub(a, b)
    }

    #[inline(always)]
    pub fn to_floats(x: Vector) -> Floats {
        f32x4_convert_i32x4(x)
    }

    /// The bits of floats.
    #[inline(always)]
    pub fn bits(x: Floats) -> Vector {
        x
    }

    #[inline(always)]
    pub fn add_floats(a: Floats, b: Floats) -> Floats {
        f32x4_add(a, b)
    }

    #[inline(always)]
    pub fn mul_floats(a: Floats, b: Floats) -> Floats {
        f32x4_mul(a, b)
    }

    /// Sixteen 32-bit numbers as bytes, 0 for what is less and 255 for what is more.
    #[inline(always)]
    pub fn narrow([a, b, c, d]: [Vector; 4]) -> Vector {
        u8x16_narrow_i16x8(i16x8_narrow_i32x4(a, b), i16x8_narrow_i32x4(c, d))
    }

    #[inline(always)]
    pub fn clamp_8(x: Vector, low: Vector, high: Vector) -> Vector {
        u8x16_min(u8x16_max(x, low), high)
    }

    /// The bits of a where the mask is set, of b elsewhere.
    #[inline(always)]
    pub fn select(mask: Vector, a: Vector, b: Vector) -> Vector {
        v128_bitselect(a, b, mask)
    }
}

#[cfg(target_arch = "x86_64")]
mod sse {
    use core::arch::x86_64::*;

    /// Integers of any width.
    pub type Vector = __m128i;
    /// Floats.
    pub type Floats = __m128;

    // SAFETY, for all of them: SSE2 is part of x86-64; loads and stores are the unaligned kind.

    /// # Safety
    /// `p` is readable for sixteen bytes.
    #[inline(always)]
    pub unsafe fn load(p: *const u8) -> Vector {
        unsafe { _mm_loadu_si128(p.cast()) }
    }

    /// # Safety
    /// `p` is writable for sixteen bytes.
    #[inline(always)]
    pub unsafe fn store(p: *mut u8, x: Vector) {
        unsafe { _mm_storeu_si128(p.cast(), x) }
    }

    #[inline(always)]
    pub fn splat_8(x: u8) -> Vector {
        unsafe { _mm_set1_epi8(x as i8) }
    }

    #[inline(always)]
    pub fn splat_16(x: i16) -> Vector {
        unsafe { _mm_set1_epi16(x) }
    }

    #[inline(always)]
    pub fn splat_32(x: i32) -> Vector {
        unsafe { _mm_set1_epi32(x) }
    }

    #[inline(always)]
    pub fn splat_float(x: f32) -> Floats {
        unsafe { _mm_set1_ps(x) }
    }

    /// a₀ b₀ a₁ b₁ … of the first eight bytes, and of the last.
    #[inline(always)]
    pub fn zip_8(a: Vector, b: Vector) -> [Vector; 2] {
        unsafe { [_mm_unpacklo_epi8(a, b), _mm_unpackhi_epi8(a, b)] }
    }

    /// a₀ b₀ a₁ b₁ … of the first four 16-bit numbers, and of the last.
    #[inline(always)]
    pub fn zip_16(a: Vector, b: Vector) -> [Vector; 2] {
        unsafe { [_mm_unpacklo_epi16(a, b), _mm_unpackhi_epi16(a, b)] }
    }

    /// Sums of neighbouring products of 16-bit numbers.
    #[inline(always)]
    pub fn dot_16(a: Vector, b: Vector) -> Vector {
        unsafe { _mm_madd_epi16(a, b) }
    }

    #[inline(always)]
    pub fn add_32(a: Vector, b: Vector) -> Vector {
        unsafe { _mm_add_epi32(a, b) }
    }

    #[inline(always)]
    pub fn sub_32(a: Vector, b: Vector) -> Vector {
        unsafe { _mm_sub_epi32(a, b) }
    }

    #[inline(always)]
    pub fn to_floats(x: Vector) -> Floats {
        unsafe { _mm_cvtepi32_ps(x) }
    }

    /// The bits of floats.
    #[inline(always)]
    pub fn bits(x: Floats) -> Vector {
        unsafe { _mm_castps_si128(x) }
    }

    #[inline(always)]
    pub fn add_floats(a: Floats, b: Floats) -> Floats {
        unsafe { _mm_add_ps(a, b) }
    }

    #[inline(always)]
    pub fn mul_floats(a: Floats, b: Floats) -> Floats {
        unsafe { _mm_mul_ps(a, b) }
    }

    /// Sixteen 32-bit numbers as bytes, 0 for what is less and 255 for what is more.
    #[inline(always)]
    pub fn narrow([a, b, c, d]: [Vector; 4]) -> Vector {
        unsafe { _mm_packus_epi16(_mm_packs_epi32(a, b), _mm_packs_epi32(c, d)) }
    }

    #[inline(always)]
    pub fn clamp_8(x: Vector, low: Vector, high: Vector) -> Vector {
        unsafe { _mm_min_epu8(_mm_max_epu8(x, low), high) }
    }

    /// The bits of a where the mask is set, of b elsewhere.
    #[inline(always)]
    pub fn select(mask: Vector, a: Vector, b: Vector) -> Vector {
        unsafe { _mm_or_si128(_mm_and_si128(mask, a), _mm_andnot_si128(mask, b)) }
    }
}
