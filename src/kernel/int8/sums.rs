//! Sums for sixteen pixels: in vectors where there are some, in plain numbers elsewhere.

#[cfg(any(target_arch = "wasm32", target_arch = "x86_64"))]
pub use vectors::{Sums, spread};

#[cfg(not(any(target_arch = "wasm32", target_arch = "x86_64")))]
pub use numbers::{Sums, spread};

#[cfg(any(target_arch = "wasm32", target_arch = "x86_64"))]
mod vectors {
    use crate::kernel::int8::vector::*;
    use crate::kernel::int8::{MAGIC, QuantizedEpilogue};

    /// Sixteen 32-bit sums.
    #[derive(Clone, Copy)]
    pub struct Sums([Vector; 4]);

    /// The four weights of a quad, two by two, as often as a vector holds them.
    pub type Weights = [Vector; 2];

    /// Spreads the weights of a quad: as bytes where bytes are multiplied, otherwise in 16 bits.
    #[inline(always)]
    pub fn spread([a, b, c, d]: [i8; 4]) -> Weights {
        [[a, b], [c, d]].map(|pair| {
            if cfg!(target_feature = "relaxed-simd") {
                splat_16(i16::from_le_bytes(pair.map(|w| w as u8)))
            } else {
                splat_32(i32::from(pair[1]) << 16 | i32::from(pair[0]) & 0xffff)
            }
        })
    }

    impl Sums {
        /// The same start for all pixels.
        #[inline(always)]
        pub fn splat(start: i32) -> Self {
            Self([splat_32(start); 4])
        }

        /// Adds four taps of sixteen pixels.
        ///
        /// # Safety
        /// Each pointer is readable for sixteen bytes.
        #[inline(always)]
        pub unsafe fn add(&mut self, x: [*const u8; 4], weights: Weights) {
            // SAFETY: promised by the caller.
            let [a, b, c, d] = x.map(|x| unsafe { load(x) });
            let ([ab_low, ab_high], [cd_low, cd_high]) = (zip_8(a, b), zip_8(c, d));
            self.eight(0, [ab_low, cd_low], weights);
            self.eight(2, [ab_high, cd_high], weights);
        }

        #[cfg(target_feature = "relaxed-simd")]
        #[inline(always)]
        fn eight(&mut self, first: usize, x: [Vector; 2], w: Weights) {
            let ones = splat_16(1);
            for (i, pairs) in zip_16(dot_8(w[0], x[0]), dot_8(w[1], x[1])).into_iter().enumerate() {
                self.0[first + i] = add_32(self.0[first + i], dot_16(pairs, ones));
            }
        }

        #[cfg(not(target_feature = "relaxed-simd"))]
        #[inline(always)]
        fn eight(&mut self, first: usize, x: [Vector; 2], w: Weights) {
            for (x, w) in x.into_iter().zip(w) {
                for (i, wide) in zip_8(x, splat_32(0)).into_iter().enumerate() {
                    self.0[first + i] = add_32(self.0[first + i], dot_16(wide, w));
                }
            }
        }

        /// Stores sixteen pixels p of row o at position `at` of y.
        ///
        /// # Safety
        /// `y` is writable, the residual readable at `at` and the mask at `p`, for sixteen bytes; row o has start and scale.
        #[inline(always)]
        pub unsafe fn put(self, end: &QuantizedEpilogue, o: usize, y: *mut u8, at: usize, p: usize) {
            // SAFETY: promised by the caller.
            unsafe {
                let scale = splat_float(*end.scale.get_unchecked(o));
                let mut sums = self.0.map(|sum| mul_floats(to_floats(sum), scale));
                if !end.residual.is_empty() {
                    let zero = splat_32(0);
                    let [low, high] = zip_8(load(end.residual.as_ptr().add(at)), zero);
                    let ([a, b], [c, d]) = (zip_16(low, zero), zip_16(high, zero));
                    let scale = splat_float(end.residual_scale);
                    for (sum, residual) in sums.iter_mut().zip([a, b, c, d]) {
                        *sum = add_floats(*sum, mul_floats(to_floats(residual), scale));
                    }
                }
                // As `int8::round` does, and the zero point with the same subtraction.
                let back = splat_32(MAGIC.to_bits() as i32 - i32::from(end.zero));
                let bytes = narrow(sums.map(|sum| sub_32(bits(add_floats(sum, splat_float(MAGIC))), back)));
                let [low, high] = end.clamp.map(splat_8);
                let mut bytes = clamp_8(bytes, low, high);
                if !end.mask.is_empty() {
                    bytes = select(load(end.mask.as_ptr().add(p)), bytes, splat_8(end.zero));
                }
                store(y.add(at), bytes);
            }
        }
    }
}

#[cfg(not(any(target_arch = "wasm32", target_arch = "x86_64")))]
mod numbers {
    use crate::kernel::int8::{LANES, QuantizedEpilogue};

    /// Sixteen 32-bit sums.
    #[derive(Clone, Copy)]
    pub struct Sums([i32; LANES]);

    /// The weights of a quad as they are multiplied.
    pub type Weights = [i32; 4];

    /// Widens the weights of a quad.
    pub fn spread(weights: [i8; 4]) -> Weights {
        weights.map(i32::from)
    }

    impl Sums {
        /// The same start for all pixels.
        pub fn splat(start: i32) -> Self {
            Self([start; LANES])
        }

        /// Adds four taps of sixteen pixels.
        ///
        /// # Safety
        /// Each pointer is readable for sixteen bytes.
        pub unsafe fn add(&mut self, x: [*const u8; 4], w: Weights) {
            for (x, w) in x.into_iter().zip(w) {
                // SAFETY: promised by the caller.
                let x = unsafe { x.cast::<[u8; LANES]>().read_unaligned() };
                self.0.iter_mut().zip(x).for_each(|(sum, x)| *sum += i32::from(x) * w);
            }
        }

        /// Stores sixteen pixels p of row o at position `at` of y.
        ///
        /// # Safety
        /// `y` is writable at `at` for sixteen bytes.
        pub unsafe fn put(self, store: &QuantizedEpilogue, o: usize, y: *mut u8, at: usize, p: usize) {
            for (i, sum) in self.0.into_iter().enumerate() {
                // SAFETY: promised by the caller.
                unsafe { *y.add(at + i) = store.byte(o, sum, at + i, p + i) };
            }
        }
    }
}
