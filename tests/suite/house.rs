//! Rules of the house, read off the sources.

use std::fs;
use std::path::{Path, PathBuf};

use secateur::prune::method;
use secateur::prune::recipe::{AXES, parts};

/// The folder of the project.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str, ending: &str) -> Vec<(PathBuf, String)> {
    let mut out = Vec::new();
    let mut todo = vec![root().join(folder)];
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the project") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("").to_string();
            if path.is_dir() && !["node_modules", "assets"].contains(&name.as_str()) && !name.starts_with("gen") {
                todo.push(path);
            } else if name.ends_with(ending) {
                let text = fs::read_to_string(&path).expect("a text file");
                out.push((path, text));
            }
        }
    }
    out
}

/// What stands before the tests of a file.
fn body(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or(text)
}

/// The floor of a room; higher ones use lower ones.
fn floor(room: &str) -> Option<usize> {
    let floors: [&[&str]; 7] = [
        &["base"],
        &["kernel", "data"],
        &["graph"],
        &["train", "io", "zoo", "compile"],
        &["prune", "gpu"],
        &["session", "catalog"],
        &["wasm", "bench", "bin"],
    ];
    floors.iter().position(|rooms| rooms.contains(&room))
}

/// The rooms that a file's `use crate::` lines name, in braces or not.
fn rooms_used(text: &str) -> Vec<String> {
    let first = |path: &str| path.trim().split([':', ';', ' ', ',']).next().unwrap_or("").to_string();
    let mut out = Vec::new();
    for rest in text.split("use crate::").skip(1) {
        match rest.strip_prefix('{') {
            Some(list) => {
                // Names at the outer level of the braces.
                let mut depth = 0;
                let list = list.split("};").next().unwrap_or("");
                let outer = |c: char| {
                    depth += i32::from(c == '{') - i32::from(c == '}');
                    c == ',' && depth == 0
                };
                out.extend(list.split(outer).map(first).filter(|name| !name.is_empty()));
            }
            None => out.push(first(rest)),
        }
    }
    out
}

#[test]
fn floors_hold() {
    let mut seen = 0;
    for (path, text) in files("src", ".rs") {
        let inside = path.strip_prefix(root().join("src")).expect("under src");
        let room = inside.iter().next().and_then(|r| r.to_str()).unwrap_or("").trim_end_matches(".rs").to_string();
        let Some(mine) = floor(&room) else { continue };
        for other in rooms_used(body(&text)) {
            let other = other.as_str();
            let theirs = floor(other).unwrap_or_else(|| panic!("{}: {other} is on no floor", inside.display()));
            assert!(
                other == room || theirs < mine || (room == "catalog" || other == "catalog"),
                "{}: {room} uses {other}",
                inside.display()
            );
            seen += 1;
        }
    }
    assert!(seen > 100, "only {seen} uses were read");
}

#[test]
fn rooms_stay_small() {
    // The habit is 300 lines; above 500 the room must be divided.
    for (path, text) in files("src", ".rs").into_iter().chain(files("tests/suite", ".rs")).chain(files("www", ".ts")) {
        let lines = text.lines().count();
        assert!(lines <= 500, "{} has {lines} lines", path.display());
    }
}

#[test]
fn nothing_is_unwrapped_outside_tests() {
    for (path, text) in files("src", ".rs") {
        assert!(!body(&text).contains(".unwrap()"), "{} unwraps", path.display());
    }
}

#[test]
fn every_part_file_is_in_its_registry() {
    for axis in AXES {
        let folder = format!("src/prune/{}", axis.id);
        let listed = fs::read_to_string(root().join(&folder).join("mod.rs")).expect("a registry");
        let on_disk: Vec<String> = files(&folder, ".rs")
            .iter()
            .filter_map(|(p, _)| p.file_stem()?.to_str().map(String::from))
            .filter(|n| n != "mod")
            .collect();
        for name in &on_disk {
            assert!(listed.contains(&format!("&{name}::Part")), "{folder}/{name}.rs is not listed");
        }
        assert_eq!(on_disk.len(), parts(axis.id).len(), "{folder}");
    }
}

#[test]
fn the_page_names_no_part() {
    let mut names: Vec<&str> =
        AXES.iter().flat_map(|a| parts(a.id)).map(|m| m.id).chain(method::ALL.iter().map(|m| m.id)).collect();
    // Words of everyday language that are also ids.
    names.retain(|id| {
        ![
            "none",
            "random",
            "layer",
            "global",
            "element",
            "row",
            "channel",
            "block",
            "before",
            "gradient",
            "rewind",
            "imp",
            "set",
            "cubic",
            "iterative",
        ]
        .contains(id)
    });
    for (path, text) in files("www", ".ts") {
        if path.components().any(|c| c.as_os_str() == "test") {
            continue;
        }
        for id in &names {
            assert!(
                !text.contains(&format!("\"{id}\"")) && !text.contains(&format!("'{id}'")),
                "{} names {id}",
                path.display()
            );
        }
    }
}
