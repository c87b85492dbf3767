//! What a program can check of our own rules: arrows, lengths, purity, `unsafe`, and that the README speaks the truth.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const CRATES: [&str; 4] = ["medha-graph", "medha-connectors", "medha-agents", "medha-server"];
const LONGEST_FILE: usize = 500;
const MOST_ROOT_NAMES: usize = 65;
const UNSAFE_FILE: &str = "medha-connectors/src/sqlite/authorizer.rs";

#[test]
fn arrows_between_crates_run_one_way() {
    let allowed: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::from([
        ("medha-graph", BTreeSet::from(["medha-graph-macros"])),
        ("medha-graph-macros", BTreeSet::new()),
        ("medha-connectors", BTreeSet::from(["medha-graph"])),
        ("medha-agents", BTreeSet::from(["medha-graph", "medha-connectors"])),
        ("medha-server", BTreeSet::from(["medha-graph", "medha-connectors", "medha-agents"])),
        ("medha", BTreeSet::from(["medha-graph", "medha-connectors", "medha-agents", "medha-server"])),
    ]);
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap();
    assert_eq!(metadata.packages.len(), allowed.len(), "a crate was added: give it its arrows here");
    for package in &metadata.packages {
        for dependency in package.dependencies.iter().filter(|dependency| dependency.path.is_some()) {
            assert!(
                allowed[package.name.as_str()].contains(dependency.name.as_str()),
                "{} must not depend on {}",
                package.name,
                dependency.name
            );
        }
    }
}

#[test]
fn medha_is_the_only_binary() {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap();
    let binaries: Vec<&str> = metadata
        .packages
        .iter()
        .flat_map(|package| &package.targets)
        .filter(|target| target.is_bin())
        .map(|target| target.name.as_str())
        .collect();
    assert_eq!(binaries, ["medha"]);
}

#[test]
fn the_top_level_is_as_designed() {
    let expected = BTreeSet::from([
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "benches",
        "examples",
        "medha-agents",
        "medha-connectors",
        "medha-graph",
        "medha-server",
        "target",
        "tests",
    ]);
    for entry in fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let known = name.starts_with('.') || expected.contains(name.as_str());
        assert!(known || name.starts_with("target"), "{name:?} does not belong at the top");
    }
}

#[test]
fn no_file_is_longer_than_the_limit() {
    let long: Vec<String> = sources()
        .into_iter()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .map(|(path, lines)| format!("{path}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "split by subject: {long:#?}");
}

#[test]
fn every_source_file_says_what_it_is_for() {
    let silent: Vec<String> = sources()
        .into_iter()
        .filter(|(path, text)| !text.starts_with("//!") && !path.starts_with("medha-graph/tests/ui/"))
        .map(|(path, _)| path)
        .collect();
    assert!(silent.is_empty(), "no `//!` line at the top: {silent:#?}");
}

#[test]
fn modules_and_crate_roots_hold_no_logic() {
    for (path, text) in sources() {
        let is_root = path.ends_with("/src/lib.rs") && CRATES.iter().any(|name| path.starts_with(name));
        let in_source = path.contains("/src/") && !path.starts_with("medha-graph/macros");
        if in_source && (is_root || path.ends_with("/mod.rs")) {
            let logic = code_lines(&text)
                .find(|line| line.trim_start().starts_with("fn ") || line.starts_with("impl"));
            assert!(logic.is_none(), "{path} holds logic: {logic:?}");
        }
    }
}

#[test]
fn the_engine_is_pure() {
    let mut seen = 0;
    for (path, text) in sources() {
        if !path.starts_with("medha-graph/src/engine/") || path.ends_with("/tests.rs") {
            continue;
        }
        seen += 1;
        for word in ["tokio", "async ", ".await", "Instant", "SystemTime", "std::thread", "dyn Checkpointer"]
        {
            let found = code_lines(&text).find(|line| line.contains(word));
            assert!(found.is_none(), "{path} mentions {word:?}: {found:?}");
        }
    }
    assert!(seen >= 4, "the engine has moved; this test must follow it");
}

#[test]
fn unsafe_code_is_allowed_in_one_file() {
    let allowing: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| {
            code_lines(text)
                .any(|line| line.contains("allow(unsafe_code") || line.contains("expect(unsafe_code"))
        })
        .map(|(path, _)| path)
        .filter(|path| path != "tests/it/tidy.rs")
        .collect();
    assert_eq!(allowing, [UNSAFE_FILE]);
}

#[test]
fn the_root_of_the_graph_crate_has_the_paved_path_and_no_more() {
    let root = fs::read_to_string(root().join("medha-graph/src/lib.rs")).unwrap();
    let names = root_names(&root);
    assert!(names.contains("StateGraph"), "the root has moved; this test must follow it");
    assert!(!names.contains("*"), "name what the root exports, one by one");
    assert!(
        names.len() <= MOST_ROOT_NAMES,
        "{} names are more than a newcomer reads; leave the rare ones in the module of their subject: {names:?}",
        names.len()
    );
}

#[test]
fn every_test_file_is_compiled() {
    let binaries: Vec<(String, String)> = sources()
        .into_iter()
        .filter(|(path, _)| path.contains("tests/") && path.ends_with("/main.rs"))
        .collect();
    assert!(binaries.len() >= 4, "the tests have moved; this test must follow them");
    for (main, text) in binaries {
        let folder = root().join(&main);
        for entry in fs::read_dir(folder.parent().unwrap()).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap();
            let is_module =
                path.extension().is_some_and(|extension| extension == "rs") || path.join("mod.rs").is_file();
            if is_module && stem != "main" {
                assert!(text.contains(&format!("mod {stem};")), "{} is not compiled", path.display());
            }
        }
    }
}

#[test]
fn rust_code_in_the_readme_is_the_code_of_an_example() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let examples: Vec<String> = sources()
        .into_iter()
        .filter(|(path, _)| path.starts_with("examples/"))
        .map(|(_, text)| text)
        .collect();
    let blocks: Vec<&str> =
        readme.split("```rust\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(!blocks.is_empty(), "the README shows no code");
    for block in blocks {
        assert!(
            examples.iter().any(|example| example.contains(block.trim_end())),
            "the README shows code that no example has:\n{block}"
        );
    }
}

#[test]
fn the_readme_gives_two_commands_and_the_first_asks() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let commands: Vec<&str> = readme.lines().filter_map(|line| line.strip_prefix("$ cargo ")).collect();
    assert!(commands.len() >= 2, "{commands:?}");
    assert!(commands[0].starts_with("run --release -- ask "), "{commands:?}");
    assert_eq!(commands[1], "test");
}

/// What a crate root exports besides its modules: the last part of every path in its `pub use`.
fn root_names(root: &str) -> BTreeSet<String> {
    let code: Vec<&str> = code_lines(root).collect();
    let code = format!("\n{}", code.join("\n"));
    let uses = code.split("\npub use ").skip(1).map(|rest| rest.split(';').next().unwrap());
    uses.flat_map(|tree| tree.split(['{', '}', ',']))
        .map(str::trim)
        .filter(|path| !path.is_empty() && !path.ends_with("::"))
        .map(|path| path.rsplit([':', ' ']).next().unwrap().to_owned())
        .collect()
}

/// Lines that are neither comments nor documentation.
fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// Every Rust source of the project, by its path from the top.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in CRATES.iter().chain(&["examples", "benches", "tests"]) {
        collect(&root().join(folder), &mut found);
    }
    assert!(found.len() > 10, "the sources were not found");
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                collect(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
