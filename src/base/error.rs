//! One error for the whole crate: what went wrong, where, and what to do about it.

use std::fmt;

use serde::Serialize;
use ts_rs::TS;

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of thing went wrong; stable names, seen by the page and by scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// Shapes do not fit together.
    Shape,
    /// Asked for something this build does not do.
    Unsupported,
    /// A file is not what it says it is.
    Format,
    /// A setting is unknown or out of range.
    Setting,
    /// A criterion asked for evidence it had not declared.
    Evidence,
    /// Training produced a loss that is not finite.
    Diverged,
    /// The call came at the wrong moment.
    State,
    /// The operating system refused to read or write.
    Io,
}

/// An error: kind, message, hint, and the path of the place it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(rename = "EngineError")]
pub struct Error {
    /// The sort of error.
    pub kind: ErrorKind,
    /// What went wrong, in one sentence.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// The settings key at fault, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub key: Option<String>,
}

impl Error {
    /// An error of a kind with a message and no hint yet.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: String::new(), key: None }
    }

    /// `what` should have shape `expected` and has `found`.
    pub fn shape(what: &str, expected: impl fmt::Debug, found: impl fmt::Debug) -> Self {
        Self::new(ErrorKind::Shape, format!("{what}: expected shape {expected:?}, found {found:?}"))
            .hint("check that the model and the data belong together")
    }

    /// A request this build cannot serve.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, message)
    }

    /// A file that is not what it says.
    pub fn format(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Format, message)
    }

    /// A setting that cannot be taken.
    pub fn setting(key: &str, message: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..Self::new(ErrorKind::Setting, message) }
    }

    /// A call at the wrong moment.
    pub fn state(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::State, message)
    }

    /// The same error with advice on what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The same error, naming the place it came from in front.
    #[must_use]
    pub fn at(mut self, place: &str) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        if !self.hint.is_empty() {
            write!(f, " ({})", self.hint)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::new(ErrorKind::Io, error.to_string())
    }
}
