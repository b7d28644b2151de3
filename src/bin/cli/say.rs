//! What goes to standard output. Whoever reads it may stop reading, as `head` does: the program then ends, quietly.

use std::fmt::Display;
use std::io::{ErrorKind, Write, stdout};

use secateur::base::{Error, Result};

/// One line.
///
/// # Errors
/// When it cannot be written, other than because nobody reads on.
pub fn line(text: impl Display) -> Result<()> {
    match writeln!(stdout(), "{text}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        written => written.map_err(Error::from),
    }
}

/// A value as JSON, indented.
///
/// # Errors
/// As for [`line`].
pub fn json(value: &impl serde::Serialize) -> Result<()> {
    line(serde_json::to_string_pretty(value).map_err(|e| Error::format(e.to_string()))?)
}
