//! Rules of the house, read off the sources.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use secateur::prune::axis::{AXES, parts};
use secateur::prune::method;

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

/// The paths of a use tree, braces spelled out: `a::{b, c::{self, d}}` is a::b, a::c and a::c::d.
fn spelled(tree: &str) -> Vec<String> {
    let Some(open) = tree.find('{') else { return vec![tree.trim().into()] };
    let (head, inside) = (&tree[..open], &tree[open + 1..tree.rfind('}').unwrap_or(tree.len())]);
    let mut depth = 0;
    let branches = inside.split(|c: char| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    branches.filter(|b| !b.trim().is_empty()).flat_map(|b| spelled(b.trim())).map(|b| format!("{head}{b}")).collect()
}

/// The modules that a file names, from the crate's root: those of its `use` lines, and of paths in its code.
fn named(own: &[String], text: &str) -> Vec<Vec<String>> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    // A line that begins with `use`, or `pub use` for whomever, up to its semicolon.
    let begins = |line: &str| {
        let line = line.strip_prefix("pub").map_or(line, |rest| rest.split_once(' ').map_or("", |(_, rest)| rest));
        line.starts_with("use ")
    };
    let starts = code.match_indices('\n').map(|(at, _)| at + 1).chain([0]);
    let lines = starts.map(|at| code[at..].trim_start()).filter(|rest| begins(rest.lines().next().unwrap_or("")));
    let trees =
        lines.filter_map(|rest| rest.split_once("use ")?.1.split_once(';')).map(|(tree, _)| tree.replace('\n', " "));
    let mut paths: Vec<String> = trees.flat_map(|tree| spelled(&tree)).collect();
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let all = code.split(|c: char| !word(c));
    paths.extend(all.filter(|path| path.starts_with("crate::") || path.starts_with("super::")).map(String::from));
    let absolute = |path: String| {
        let mut words = path.split("::").map(str::trim).peekable();
        let mut out = match *words.peek()? {
            "crate" | "secateur" => {
                words.next();
                Vec::new()
            }
            "super" | "self" => own.to_vec(),
            _ => return None,
        };
        for word in words {
            match word {
                "super" => drop(out.pop()),
                "self" | "*" => {}
                word => out.push(word.split_whitespace().next().unwrap_or("").to_string()),
            }
        }
        Some(out)
    };
    paths.into_iter().filter_map(absolute).collect()
}

/// Which files of the sources use which, by index; a folder's `mod.rs` names its own rooms without using them.
fn edges(sources: &[(PathBuf, String)]) -> Vec<Vec<usize>> {
    let module = |path: &Path| -> Vec<String> {
        let inside = path.strip_prefix(root().join("src")).expect("under src").with_extension("");
        let words = inside.iter().filter_map(|word| word.to_str()).filter(|word| !["mod", "lib"].contains(word));
        words.map(String::from).collect()
    };
    let modules: Vec<Vec<String>> = sources.iter().map(|(path, _)| module(path)).collect();
    let file = |path: &[String]| (0..=path.len()).rev().find_map(|n| modules.iter().position(|m| m == &path[..n]));
    let uses = sources.iter().enumerate().map(|(i, (path, text))| {
        let own = &modules[i];
        let folder = path.file_stem().is_some_and(|stem| stem == "mod" || stem == "lib");
        let mut out: Vec<usize> = named(own, body(text)).iter().filter_map(|path| file(path)).collect();
        out.retain(|&j| j != i && !(folder && modules[j].starts_with(own)));
        out.sort_unstable();
        out.dedup();
        out
    });
    uses.collect()
}

/// Files that lie on a circle of uses, each with those it uses there.
fn circles(folder: &str, sources: &[(PathBuf, String)], edges: &[Vec<usize>]) -> Vec<String> {
    // Files that use only files which are done are done; what is left lies on circles, or uses those that do.
    let mut done = vec![false; sources.len()];
    while let Some(next) = (0..sources.len()).find(|&i| !done[i] && edges[i].iter().all(|&j| done[j])) {
        done[next] = true;
    }
    let reaches = |from: usize| {
        let (mut seen, mut todo) = (vec![false; sources.len()], edges[from].clone());
        while let Some(i) = todo.pop() {
            if !std::mem::replace(&mut seen[i], true) {
                todo.extend(&edges[i]);
            }
        }
        seen[from]
    };
    let name =
        |i: &usize| sources[*i].0.strip_prefix(root().join(folder)).expect("in the folder").display().to_string();
    (0..sources.len())
        .filter(|&i| !done[i] && reaches(i))
        .map(|i| {
            let on: Vec<String> = edges[i].iter().filter(|&&j| !done[j] && reaches(j)).map(name).collect();
            format!("{} -> {}", name(&i), on.join(", "))
        })
        .collect()
}

#[test]
fn files_use_each_other_one_way() {
    let sources = files("src", ".rs");
    let edges = edges(&sources);
    assert!(edges.iter().map(Vec::len).sum::<usize>() > 500, "hardly any uses were read");
    let circles = circles("src", &sources, &edges);
    assert!(circles.is_empty(), "these files use each other in circles:\n{}", circles.join("\n"));
}

#[test]
fn files_of_the_page_use_each_other_one_way() {
    let sources = files("www", ".ts");
    let imports = |(path, text): &(PathBuf, String)| -> Vec<usize> {
        let folder = path.parent().expect("a file lies in a folder");
        let named = text.split("from \"").skip(1).filter_map(|rest| rest.split('"').next());
        let meant = named.filter_map(|name| match name.strip_prefix("./") {
            Some(beside) => Some(folder.join(beside)),
            None => Some(folder.parent()?.join(name.strip_prefix("../")?)),
        });
        meant.filter_map(|file| sources.iter().position(|(path, _)| *path == file.with_extension("ts"))).collect()
    };
    let edges: Vec<Vec<usize>> = sources.iter().map(imports).collect();
    assert!(edges.iter().map(Vec::len).sum::<usize>() > 200, "hardly any imports were read");
    let circles = circles("www", &sources, &edges);
    assert!(circles.is_empty(), "these files import each other in circles:\n{}", circles.join("\n"));
}

/// Names of the types that a file makes public, those of a `pub(...)` included.
fn types(text: &str) -> Vec<&str> {
    let code = body(text).lines().map(str::trim_start).filter(|line| line.starts_with("pub"));
    code.filter_map(|line| {
        let (_, rest) = line.split_once(' ')?;
        let kind =
            ["struct ", "enum ", "trait ", "type ", "unsafe trait "].iter().find(|kind| rest.starts_with(**kind))?;
        rest[kind.len()..].split(|c: char| !c.is_alphanumeric() && c != '_').next()
    })
    .collect()
}

/// One meaning a word: who reads a name need not ask which of two it is.
#[test]
fn no_two_public_types_share_a_name() {
    let mut homes: BTreeMap<String, PathBuf> = BTreeMap::new();
    for (path, text) in files("src", ".rs") {
        // Another build has these in place of others of the same names; and options of commands are nobody else's business.
        if path.ends_with("gpu/absent.rs") || path.components().any(|part| part.as_os_str() == "bin") {
            continue;
        }
        for name in types(&text) {
            let home = homes.entry(name.to_string()).or_insert_with(|| path.clone());
            assert_eq!(*home, path, "{name} is two types");
        }
    }
    assert!(homes.len() > 150, "only {} types were read", homes.len());
}

#[test]
fn rooms_stay_small() {
    // The habit is 300 lines; above 500 the room must be divided.
    let all = files("src", ".rs").into_iter().chain(files("tests/suite", ".rs")).chain(files("www", ".ts"));
    // What is made from other files is not read for pleasure.
    for (path, text) in all.filter(|(path, _)| !path.ends_with("engine-types.ts")) {
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

/// What a part is like is asked of it: who compares ids must be told of every new part.
#[test]
fn no_string_is_compared_with_a_parts_id() {
    let ids: Vec<&str> = AXES.iter().flat_map(|axis| parts(axis.id)).map(|meta| meta.id).collect();
    for (path, text) in files("src", ".rs") {
        let code = body(&text);
        for id in &ids {
            for comparison in ["==", "!="] {
                assert!(!code.contains(&format!("id {comparison} \"{id}\"")), "{} compares with {id}", path.display());
            }
        }
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
        AXES.iter().flat_map(|a| parts(a.id)).map(|m| m.id).chain(method::all().map(|m| m.id)).collect();
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
