//! Running other programs: from the repository's root, with no input, with errors that name the command.

use std::{
    env,
    ffi::OsString,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// An xtask step's outcome; the error is a sentence that says what to do.
pub type Result<T = ()> = std::result::Result<T, String>;

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies inside the repository")
}

/// A program to be run in the root, with the tools installed by cargo and npm in reach.
///
/// `RUSTFLAGS` is taken away: it would silently replace the SIMD flags of `.cargo/config.toml`.
pub fn cmd(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(root()).stdin(Stdio::null()).env("PATH", search_path());
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
        command.env_remove(name);
    }
    command
}

fn search_path() -> OsString {
    let mut dirs = vec![root().join("www/node_modules/.bin")];
    dirs.extend(cargo_home().map(|home| home.join("bin")));
    dirs.extend(env::var_os("PATH").iter().flat_map(env::split_paths));
    env::join_paths(dirs).expect("no folder in PATH contains the separator")
}

fn cargo_home() -> Option<PathBuf> {
    env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")))
}

/// The full path of a program, if there is one.
pub fn which(program: &str) -> Option<PathBuf> {
    env::split_paths(&search_path()).map(|dir| dir.join(program)).find(|path| path.is_file())
}

/// Runs to the end, showing what the program writes.
pub fn run(command: &mut Command) -> Result {
    println!("$ {}", show(command));
    let status = command.status().map_err(|error| missing(command, &error))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` failed: {status}", show(command))) }
}

/// Runs to the end, showing and returning what the program writes to its standard output, and whether it succeeded.
pub fn tee(command: &mut Command) -> Result<(bool, String)> {
    println!("$ {}", show(command));
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| missing(command, &error))?;
    let mut text = String::new();
    for line in BufReader::new(child.stdout.take().expect("stdout is piped")).split(b'\n') {
        let line = line.map_err(|error| format!("reading the output of `{}`: {error}", show(command)))?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        text.push_str(&line);
        text.push('\n');
    }
    let status = child.wait().map_err(|error| format!("waiting for `{}`: {error}", show(command)))?;
    Ok((status.success(), text))
}

/// What a program writes to its standard output; nothing where it is missing or fails.
pub fn read(program: &str, args: &[&str]) -> Option<String> {
    let output = cmd(program, args).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A command as one would type it.
pub fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn missing(command: &Command, error: &std::io::Error) -> String {
    format!("cannot start `{}`: {error}; is it installed and on PATH?", show(command))
}
