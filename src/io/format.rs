//! The formats that a network can be saved in, as data: page and command line offer what is listed here.

use serde::Serialize;
use ts_rs::TS;

use crate::base::{Error, Result};
use crate::graph::bypass;

use super::{Network, compact, onnx, safetensors};

/// A format of files.
#[derive(Serialize, TS)]
#[ts(rename = "FormatRow")]
pub struct Format {
    /// Stable name.
    pub id: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// What file names end in.
    pub suffix: &'static str,
    /// What it holds and who reads it.
    pub what: &'static str,
    #[serde(skip)]
    write: fn(Network<'_>, &str) -> Result<Vec<u8>>,
}

/// All formats; where two endings fit a name, the first does.
pub static ALL: &[Format] = &[
    Format {
        id: "compact",
        name: "Compact",
        suffix: ".compact.safetensors",
        what: "What is kept and where it lies, in a safetensors container. Read by this page, the command line, and the readers in Python and JavaScript that come with the source.",
        write: |network, _| compact::write(network),
    },
    Format {
        id: "safetensors",
        name: "Plain safetensors",
        suffix: ".safetensors",
        what: "Dense, with zeros where weights are cut: about as large as the unpruned network, unless channels are gone. Read by everything that reads safetensors.",
        write: |network, _| safetensors::write(network.graph, network.origin),
    },
    Format {
        id: "onnx",
        name: "ONNX",
        suffix: ".onnx",
        what: "The whole network, its mostly empty weights as sparse initializers. Read by ONNX Runtime, native and web, which unpack it and run no faster for the zeros.",
        write: |network, name| {
            let small = bypass::without_dead(network.graph, network.masks);
            onnx::write(small.as_ref().unwrap_or(network.graph), name, network.origin)
        },
    },
];

impl Format {
    /// A network as a file of this format; `name` is what the file calls it.
    ///
    /// # Errors
    /// When a node's shapes do not fit together.
    pub fn write(&self, network: Network<'_>, name: &str) -> Result<Vec<u8>> {
        (self.write)(network, name)
    }
}

/// The format with an id.
///
/// # Errors
/// When there is none; the message lists those there are.
pub fn find(id: &str) -> Result<&'static Format> {
    ALL.iter().find(|format| format.id == id).ok_or_else(|| {
        Error::setting("format", format!("unknown format '{id}'")).hint(format!("use one of {}", list(|f| f.id)))
    })
}

/// The format that a file's name asks for.
///
/// # Errors
/// When its ending is of none; the message lists those there are.
pub fn of_name(file: &str) -> Result<&'static Format> {
    ALL.iter().find(|format| file.to_ascii_lowercase().ends_with(format.suffix)).ok_or_else(|| {
        Error::setting("out", format!("{file}: unknown kind of file"))
            .hint(format!("end the name in one of {}", list(|f| f.suffix)))
    })
}

fn list(of: fn(&Format) -> &'static str) -> String {
    ALL.iter().map(of).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_ending_counts() -> Result<()> {
        assert_eq!(of_name("a/b.compact.safetensors")?.id, "compact");
        assert_eq!(of_name("a/compact.safetensors")?.id, "safetensors");
        assert_eq!(of_name("B.ONNX")?.id, "onnx");
        assert!(of_name("weights.pt").is_err_and(|e| e.hint.contains(".compact.safetensors")));
        assert!(find("pt").is_err_and(|e| e.hint.contains("compact, safetensors, onnx")));
        Ok(())
    }
}
