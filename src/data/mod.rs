//! Floor 1: examples. Image data sets in IDX files, batches as tensors.

pub mod augment;
pub mod gzip;
pub mod idx;
mod inflate;
mod sets;

use crate::base::{Error, Flat, Result, Tensor, tensor};

pub use sets::{ALL, Card, find};

/// A set of labelled grey images.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// What it is.
    pub card: &'static Card,
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

impl Dataset {
    /// Reads images and labels from two IDX files, gzipped or not, and checks them against the card.
    ///
    /// # Errors
    /// When a file is damaged, sizes differ, or a label is out of range.
    pub fn read(card: &'static Card, images: &[u8], labels: &[u8]) -> Result<Self> {
        let read = |file: &[u8], what: &str| {
            let unpacked = gzip::unpack(file).and_then(|file| idx::read(&file));
            unpacked.map_err(|e| e.at(&format!("{} {what}", card.name)))
        };
        let (images, labels) = (read(images, "images")?, read(labels, "labels")?);
        let n = images.shape.first().copied().unwrap_or(0);
        let want: Vec<usize> = std::iter::once(n).chain(card.shape[1..].iter().copied()).collect();
        if images.shape != want || n == 0 {
            return Err(Error::shape(
                &format!("{} images", card.name),
                ["N".into(), format!("{:?}", &card.shape[1..])],
                &images.shape,
            ));
        }
        if labels.shape != [n] {
            return Err(Error::shape(&format!("{} labels", card.name), [n], &labels.shape));
        }
        if let Some(label) = labels.data.iter().find(|&&l| usize::from(l) >= card.classes.len()) {
            let message =
                format!("{} labels: label {label} is out of range 0 to {}", card.name, card.classes.len() - 1);
            return Err(Error::format(message).hint("the label file does not belong to this data set"));
        }
        Ok(Self { card, pixels: images.data, labels: labels.data })
    }

    /// Number of examples.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no example.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Class of an example.
    pub fn label(&self, i: usize) -> usize {
        usize::from(self.labels[i])
    }

    /// Grey values of an example, row by row.
    pub fn image(&self, i: usize) -> &[u8] {
        let size = tensor::count(self.card.shape);
        &self.pixels[i * size..(i + 1) * size]
    }

    /// Examples as [N, 1, H, W], with the data set's mean taken off and divided by its spread.
    pub fn batch(&self, examples: &[usize]) -> Tensor {
        let shape: Vec<usize> = std::iter::once(examples.len()).chain(self.card.shape.iter().copied()).collect();
        let mut x = tensor::zeros(&shape);
        let size = tensor::count(self.card.shape);
        for (to, &i) in x.flat_mut().chunks_mut(size).zip(examples) {
            for (to, &grey) in to.iter_mut().zip(self.image(i)) {
                *to = (f32::from(grey) / 255.0 - self.card.mean) / self.card.spread;
            }
        }
        x
    }

    /// Labels of examples.
    pub fn labels(&self, examples: &[usize]) -> Vec<usize> {
        examples.iter().map(|&i| self.label(i)).collect()
    }

    /// Examples with their labels.
    pub fn labelled(&self, examples: &[usize]) -> (Tensor, Vec<usize>) {
        (self.batch(examples), self.labels(examples))
    }
}
