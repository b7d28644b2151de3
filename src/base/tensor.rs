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

/// A tensor number by number. Like [`zip`] and [`add`] it walks the flat numbers: ndarray's own walk any layout, and are several
/// kilobytes each in the page's download.
pub fn map(x: &Tensor, mut f: impl FnMut(f32) -> f32) -> Tensor {
    let mut out = x.clone();
    out.flat_mut().iter_mut().for_each(|x| *x = f(*x));
    out
}

/// Two tensors of one shape, number by number.
pub fn zip(a: &Tensor, b: &Tensor, f: impl Fn(f32, f32) -> f32) -> Tensor {
    debug_assert_eq!(a.shape(), b.shape());
    let mut out = a.clone();
    out.flat_mut().iter_mut().zip(b.flat()).for_each(|(a, &b)| *a = f(*a, b));
    out
}

/// Adds b to a; both have one shape.
pub fn add(a: &mut Tensor, b: &Tensor) {
    debug_assert_eq!(a.shape(), b.shape());
    a.flat_mut().iter_mut().zip(b.flat()).for_each(|(a, b)| *a += b);
}

/// Some places of an axis, in the order given. ndarray's `select` and `concatenate` bring a dozen kilobytes into the page's
/// download.
///
/// # Errors
/// Never: the places lie on the axis.
pub fn pick(x: &Tensor, axis: usize, places: &[usize]) -> Result<Tensor> {
    let mut shape = x.shape().to_vec();
    let inner: usize = shape[axis + 1..].iter().product();
    let run = shape[axis] * inner;
    let mut out = Vec::with_capacity(x.len() / run.max(1) * places.len() * inner);
    for part in x.flat().chunks(run.max(1)) {
        places.iter().for_each(|i| out.extend_from_slice(&part[i * inner..(i + 1) * inner]));
    }
    shape[axis] = places.len();
    from_vec(&shape, out)
}

/// Tensors side by side along an axis; their other extents are the same.
///
/// # Errors
/// When they are not.
pub fn join(parts: &[&Tensor], axis: usize) -> Result<Tensor> {
    let mut shape = parts.first().map_or_else(Vec::new, |x| x.shape().to_vec());
    shape[axis] = parts.iter().map(|x| x.shape()[axis]).sum();
    let outer: usize = shape[..axis].iter().product();
    let mut out = Vec::with_capacity(count(&shape));
    for i in 0..outer {
        for x in parts {
            let run = x.len() / outer;
            out.extend_from_slice(&x.flat()[i * run..(i + 1) * run]);
        }
    }
    from_vec(&shape, out)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_picked_and_parts_joined() -> Result<()> {
        let x = from_vec(&[2, 3, 2], (0..12).map(|i| i as f32).collect())?;
        let picked = pick(&x, 1, &[2, 0])?;
        assert_eq!((picked.shape(), picked.flat()), (&[2, 2, 2][..], &[4.0, 5.0, 0.0, 1.0, 10.0, 11.0, 6.0, 7.0][..]));
        let parts = [pick(&x, 1, &[0])?, pick(&x, 1, &[1, 2])?];
        assert_eq!(join(&[&parts[0], &parts[1]], 1)?, x);
        assert_eq!(pick(&x, 0, &[])?.shape(), [0, 3, 2]);
        assert!(join(&[&x, &pick(&x, 2, &[0])?], 1).is_err());
        Ok(())
    }
}
