//! Floor 1: examples. Images in IDX files and text, batches as tensors.

pub mod augment;
pub mod gzip;
pub mod idx;
mod inflate;
mod sets;
pub mod text;

use std::borrow::Cow;

use crate::base::{Error, Flat, Result, Tensor, tensor};

pub use sets::{ALL, Card, Task, find};

use text::Text;

/// A set of examples.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// What it is.
    pub card: &'static Card,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    /// Grey values, image by image, and a class each.
    Images { pixels: Vec<u8>, labels: Vec<u8> },
    /// Windows of characters.
    Text(Text),
}

impl Dataset {
    /// Reads what a card describes from its files, gzipped or not: images and labels in IDX files, or a text, which needs no labels.
    ///
    /// # Errors
    /// When a file is damaged, sizes differ, or a label or character is not one of the card's.
    pub fn read(card: &'static Card, examples: &[u8], labels: &[u8]) -> Result<Self> {
        match card.task {
            Task::Classes => Self::images(card, examples, labels),
            Task::NextToken => {
                let text = gzip::unpack(examples).map_err(|e| e.at(card.name))?;
                Ok(Self { card, content: Content::Text(Text::read(card, &text)?) })
            }
        }
    }

    fn images(card: &'static Card, images: &[u8], labels: &[u8]) -> Result<Self> {
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
        Ok(Self { card, content: Content::Images { pixels: images.data, labels: labels.data } })
    }

    /// Number of examples.
    pub fn len(&self) -> usize {
        match &self.content {
            Content::Images { labels, .. } => labels.len(),
            Content::Text(text) => text.windows(),
        }
    }

    /// Labels of an example: one, or of a text one for each character.
    pub fn truths(&self) -> usize {
        if self.card.task == Task::NextToken { tensor::count(self.card.shape) } else { 1 }
    }

    /// Whether there is no example.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same examples; of a text, windows that begin some characters later.
    pub fn later(&self, offset: usize) -> Cow<'_, Self> {
        match &self.content {
            Content::Images { .. } => Cow::Borrowed(self),
            Content::Text(text) => Cow::Owned(Self { card: self.card, content: Content::Text(text.later(offset)) }),
        }
    }

    /// Grey values of an image, row by row; none of a text.
    pub fn image(&self, i: usize) -> &[u8] {
        let size = tensor::count(self.card.shape);
        match &self.content {
            Content::Images { pixels, .. } => &pixels[i * size..(i + 1) * size],
            Content::Text(_) => &[],
        }
    }

    /// Examples as [N, 1, H, W], with the data set's mean taken off and divided by its spread; of a text as [N, T], characters by
    /// number.
    pub fn batch(&self, examples: &[usize]) -> Tensor {
        if let Content::Text(text) = &self.content {
            return text.batch(examples);
        }
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

    /// The beginning of a text; nothing of images.
    pub fn passage(&self, characters: usize) -> Option<String> {
        match &self.content {
            Content::Images { .. } => None,
            Content::Text(text) => Some(text.passage(self.card, characters)),
        }
    }

    /// Labels of examples: a class each, or of a text the character after each of a window's.
    pub fn labels(&self, examples: &[usize]) -> Vec<usize> {
        match &self.content {
            Content::Images { labels, .. } => examples.iter().map(|&i| usize::from(labels[i])).collect(),
            Content::Text(text) => text.labels(examples),
        }
    }

    /// Examples with their labels.
    pub fn labelled(&self, examples: &[usize]) -> (Tensor, Vec<usize>) {
        (self.batch(examples), self.labels(examples))
    }
}
