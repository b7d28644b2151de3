//! Tensors: ndarray's dynamic arrays of f32, contiguous and row-major by construction.

use ndarray::{ArrayD, IxDyn};

use super::{Error, Result};

/// A dense f32 array of any rank. Images are [N, C, H, W]; weights [out, in, kh, kw] or [out, in].
pub type Tensor = ArrayD<f32>;

/// The extents of a tensor, outermost first.
pub type Shape = Vec<usize>;

/// Access to the elements in row-major order.
///
/// Every tensor of this crate is contiguous: operators build their outputs whole and never hand out permuted views.
pub trait Flat {
    /// All elements, row-major.
    fn flat(&self) -> &[f32];
    /// All elements, row-major, to write.
    fn flat_mut(&mut self) -> &mut [f32];
}

impl Flat for Tensor {
    fn flat(&self) -> &[f32] {
        self.as_slice().expect("tensors are contiguous by construction")
    }

    fn flat_mut(&mut self) -> &mut [f32] {
        self.as_slice_mut().expect("tensors are contiguous by construction")
    }
}

/// A tensor of zeros.
pub fn zeros(shape: &[usize]) -> Tensor {
    Tensor::zeros(IxDyn(shape))
}

/// A tensor of one value throughout.
pub fn full(shape: &[usize], value: f32) -> Tensor {
    Tensor::from_elem(IxDyn(shape), value)
}

/// A tensor from its elements in row-major order.
///
/// # Errors
/// When the number of elements is not the product of the shape.
pub fn from_vec(shape: &[usize], data: Vec<f32>) -> Result<Tensor> {
    let found = data.len();
    Tensor::from_shape_vec(IxDyn(shape), data).map_err(|_| Error::shape("elements of a tensor", shape, [found]))
}

/// The number of elements of a shape.
pub fn count(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// FNV-1a over the bits of tensors, in order: equal digests mean equal bits.
#[derive(Clone, Copy, Debug)]
pub struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    /// Takes in the bits of a run of numbers.
    pub fn add(&mut self, data: &[f32]) {
        for x in data {
            for byte in x.to_bits().to_le_bytes() {
                self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }

    /// The digest so far as sixteen hexadecimal digits.
    pub fn hex(&self) -> String {
        format!("{:016x}", self.0)
    }
}
