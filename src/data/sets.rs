//! The data sets this project ships, with their cards.

use serde::Serialize;
use ts_rs::TS;

use crate::base::{Error, Result};

/// What a network is asked about an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Which class it is of.
    Classes,
    /// Which token follows each of its tokens.
    NextToken,
}

/// What a data set is, where it comes from and how its numbers are scaled.
#[derive(Debug, Serialize, TS)]
#[ts(rename = "DataRow")]
pub struct Card {
    /// Stable name.
    pub id: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// What it shows, in one sentence.
    pub what: &'static str,
    /// Licence.
    pub license: &'static str,
    /// Whom to name.
    pub attribution: &'static str,
    /// Where it was published.
    pub source: &'static str,
    /// What is asked of it.
    pub task: Task,
    /// Names of the classes; of a text its characters.
    pub classes: &'static [&'static str],
    /// Shape of an image, [C, H, W], or characters of a window, `[T]`.
    pub shape: &'static [usize],
    /// Training examples that are shipped with the page.
    pub train: usize,
    /// Mean grey of the training images, in 0..1; 0 of text.
    pub mean: f32,
    /// Standard deviation of grey; 1 of text.
    pub spread: f32,
}

/// All data sets.
pub static ALL: &[Card] = &[
    Card {
        id: "fashion-mnist",
        name: "Fashion-MNIST",
        what: "Grey pictures of clothes in ten classes: 60,000 to learn from, 10,000 to test on.",
        license: "MIT",
        attribution: "Copyright 2017 Zalando SE",
        source: "https://github.com/zalandoresearch/fashion-mnist",
        task: Task::Classes,
        classes: &[
            "T-shirt",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ],
        shape: &[1, 28, 28],
        train: 10_000,
        mean: 0.286_04,
        spread: 0.353_02,
    },
    Card {
        id: "mnist",
        name: "MNIST",
        what: "Handwritten digits: 60,000 to learn from, 10,000 to test on.",
        license: "CC BY-SA 3.0",
        attribution: "Yann LeCun, Corinna Cortes and Christopher J.C. Burges",
        source: "http://yann.lecun.com/exdb/mnist/",
        task: Task::Classes,
        classes: &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
        shape: &[1, 28, 28],
        train: 10_000,
        mean: 0.130_66,
        spread: 0.308_1,
    },
    Card {
        id: "austen",
        name: "Two novels by Jane Austen",
        what: "Pride and Prejudice and Emma, character by character: the first 95% of each to learn from, the rest to test on.",
        license: "public domain",
        attribution: "Jane Austen; text of Project Gutenberg as packaged in janeaustenr",
        source: "https://github.com/juliasilge/janeaustenr",
        task: Task::NextToken,
        classes: CHARACTERS,
        shape: &[64],
        train: 23_268,
        mean: 0.0,
        spread: 1.0,
    },
];

/// All characters of the novels, in the order of their codes.
#[rustfmt::skip]
static CHARACTERS: &[&str] = &[
    "\n", " ", "!", "\"", "&", "'", "(", ")", "*", ",", "-", ".", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", ":", ";", "?", "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q", "R", "S", "T", "U", "V", "W", "X", "Y", "Z", "[", "]", "_", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z",
];

/// The card of a data set.
///
/// # Errors
/// When there is none of that name.
pub fn find(id: &str) -> Result<&'static Card> {
    ALL.iter().find(|card| card.id == id).ok_or_else(|| {
        let known: Vec<&str> = ALL.iter().map(|card| card.id).collect();
        Error::setting("data", format!("unknown data set '{id}'")).hint(format!("choose one of {}", known.join(", ")))
    })
}
