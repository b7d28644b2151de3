//! Text as examples: windows of characters, each with the one that follows as its label. What a page does without until it reads text
//! is not inlined, so that it comes with the engine's second file.

use crate::base::{Error, Result, Tensor, tensor};

use super::Card;

/// Characters of a text, as numbers of its card's list.
#[derive(Clone, Debug)]
pub struct Text {
    codes: Vec<u8>,
    /// Characters of a window.
    window: usize,
    /// Where the first window begins.
    offset: usize,
}

impl Text {
    /// From a text in UTF-8.
    ///
    /// # Errors
    /// When it is too short for a window, or has a character that is not in the card's list.
    #[inline(never)]
    pub fn read(card: &Card, bytes: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(bytes)
            .map_err(|e| Error::format(format!("{} is not UTF-8: {e}", card.name)).hint("save it as UTF-8"))?;
        let codes = encode(card, text)?;
        let window = tensor::count(card.shape);
        if codes.len() < 2 * window {
            let message =
                format!("{} has {} characters, and {} at least are needed", card.name, codes.len(), 2 * window);
            return Err(Error::format(message));
        }
        Ok(Self { codes, window, offset: 0 })
    }

    /// The same text, its windows beginning some characters later, but less than a window.
    pub fn later(&self, offset: usize) -> Self {
        Self { offset: offset % self.window, ..self.clone() }
    }

    /// Windows, of which none overlap.
    pub fn windows(&self) -> usize {
        // Whatever the offset: the last window's last label is there too.
        (self.codes.len() - self.window) / self.window
    }

    /// The first characters.
    #[inline(never)]
    pub fn passage(&self, card: &Card, characters: usize) -> String {
        decode(card, &self.codes[..characters.min(self.codes.len())])
    }

    /// The characters of a window, and the one after each of them.
    fn window(&self, i: usize) -> (&[u8], &[u8]) {
        let at = self.offset + i * self.window;
        (&self.codes[at..at + self.window], &self.codes[at + 1..at + self.window + 1])
    }

    /// Characters of windows as [N, T], by number.
    #[inline(never)]
    pub fn batch(&self, examples: &[usize]) -> Tensor {
        let mut x = tensor::zeros(&[examples.len(), self.window]);
        let codes = examples.iter().flat_map(|&i| self.window(i).0);
        x.iter_mut().zip(codes).for_each(|(x, &code)| *x = f32::from(code));
        x
    }

    /// The character after each of those of windows.
    #[inline(never)]
    pub fn labels(&self, examples: &[usize]) -> Vec<usize> {
        examples.iter().flat_map(|&i| self.window(i).1).map(|&code| usize::from(code)).collect()
    }
}

/// The numbers of a text's characters.
///
/// # Errors
/// When one is not in the card's list; the message says where.
pub fn encode(card: &Card, text: &str) -> Result<Vec<u8>> {
    // By code point: the number of a character, for those that cards list.
    let mut numbers = [None; 128];
    for (number, character) in card.classes.iter().filter_map(|class| class.chars().next()).enumerate() {
        numbers.get_mut(character as usize).into_iter().for_each(|to| *to = u8::try_from(number).ok());
    }
    let code = |(at, character): (usize, char)| {
        numbers.get(character as usize).copied().flatten().ok_or_else(|| {
            Error::format(format!(
                "character {} of {} is '{character}', which the network does not know",
                at + 1,
                card.name
            ))
            .hint("it knows the letters, digits and signs of plain English text")
        })
    };
    text.chars().enumerate().map(code).collect()
}

/// A text from the numbers of its characters.
pub fn decode(card: &Card, codes: &[u8]) -> String {
    codes.iter().filter_map(|&code| card.classes.get(usize::from(code)).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Flat;
    use crate::data::find;

    #[test]
    fn windows_follow_each_other_with_the_next_character_as_label() -> Result<()> {
        let card = find("austen")?;
        let words = "It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want of a wife. ";
        let text = Text::read(card, words.repeat(3).as_bytes())?;
        assert_eq!(text.windows(), (3 * words.len() - 64) / 64);
        let codes = encode(card, words)?;
        assert_eq!(decode(card, &codes), words);
        let (x, labels) = (text.batch(&[1, 0]), text.labels(&[1, 0]));
        assert_eq!(x.shape(), [2, 64]);
        assert_eq!(x.flat()[64..], codes[..64].iter().map(|&c| f32::from(c)).collect::<Vec<_>>());
        assert_eq!(labels[64..], codes[1..65].iter().map(|&c| usize::from(c)).collect::<Vec<_>>());
        assert_eq!(x.flat()[1], labels[0] as f32, "what follows is what comes next");
        assert_eq!(text.later(3).batch(&[0]).flat()[..9], x.flat()[67..76]);
        text.later(63).labels(&[text.windows() - 1]);
        Ok(())
    }

    #[test]
    fn what_is_not_listed_is_refused() {
        let card = find("austen").expect("it is shipped");
        let error = encode(card, "caf\u{e9}").expect_err("no such letter");
        assert!(error.message.contains("character 4"), "{error}");
        assert!(Text::read(card, b"too short").is_err() && Text::read(card, &[0xff; 300]).is_err());
    }
}
