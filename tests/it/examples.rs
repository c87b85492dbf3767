//! Every example runs, and prints what its golden file says.
//!
//! After a change that is meant, `MEDHA_BLESS=1 cargo test` writes the golden files anew; they are reviewed like code.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const LONGEST_EXAMPLE: usize = 120;

#[test]
fn every_example_prints_what_its_golden_file_says() {
    let examples = names_in(&root().join("examples"), "rs");
    assert!(examples.len() > 10, "the examples have moved; this test must follow them");
    let is_blessing = env::var_os("MEDHA_BLESS").is_some_and(|value| value != "0");
    let started: Vec<(&String, Child)> = examples.iter().map(|name| (name, start(name))).collect();
    let mut problems = Vec::new();
    for (name, child) in started {
        let output = child.wait_with_output().unwrap();
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            problems.push(format!("{name} ended with {}: {said}", output.status));
            continue;
        }
        let printed = String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n");
        let golden = golden_folder().join(name).with_extension("txt");
        if is_blessing {
            fs::write(golden, printed).unwrap();
            continue;
        }
        match fs::read_to_string(&golden) {
            Ok(expected) => problems.extend(difference(name, &expected.replace("\r\n", "\n"), &printed)),
            Err(_) => problems.push(format!("{name} has no golden file; MEDHA_BLESS=1 writes it")),
        }
    }
    assert!(problems.is_empty(), "{}\n(if this is meant: MEDHA_BLESS=1)", problems.join("\n"));
}

#[test]
fn every_golden_file_is_of_an_example() {
    let examples = names_in(&root().join("examples"), "rs");
    let golden = names_in(&golden_folder(), "txt");
    let left_over: Vec<&String> = golden.difference(&examples).collect();
    assert!(left_over.is_empty(), "no example prints these: {left_over:?}");
}

#[test]
fn an_example_is_short_and_says_how_to_run_it() {
    for name in names_in(&root().join("examples"), "rs") {
        let text = fs::read_to_string(root().join("examples").join(&name).with_extension("rs")).unwrap();
        assert!(text.lines().count() <= LONGEST_EXAMPLE, "{name} is longer than {LONGEST_EXAMPLE} lines");
        let header: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
        let command = format!("`cargo run --example {name}`");
        assert!(header.iter().any(|line| line.contains(&command)), "the header of {name} lacks {command}");
    }
}

#[test]
fn every_example_is_in_the_table_of_the_readme() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for name in names_in(&root().join("examples"), "rs") {
        assert!(readme.contains(&format!("(examples/{name}.rs)")), "the README does not mention {name}");
    }
}

/// Starts an example that cargo has built beside this test.
fn start(name: &str) -> Child {
    let source = root().join("examples").join(name).with_extension("rs");
    let program = built(name);
    let changed = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
    assert!(
        changed(&program) >= changed(&source),
        "{} is missing or older than its source; `cargo build --examples` makes it, `cargo test` does too",
        program.display()
    );
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap_or_else(|error| panic!("example {name} does not start: {error}"))
}

/// Test programs lie in `target/<profile>/deps`, examples in `target/<profile>/examples`.
fn built(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    profile.join("examples").join(format!("{name}{}", env::consts::EXE_SUFFIX))
}

/// The first line that differs, with what was expected there.
fn difference(name: &str, expected: &str, printed: &str) -> Option<String> {
    if expected == printed {
        return None;
    }
    let (mut expected, mut printed) = (expected.lines(), printed.lines());
    for number in 1.. {
        let (was, is) = (expected.next(), printed.next());
        if was != is {
            let shown = |line: Option<&str>| line.unwrap_or("(the end)").to_owned();
            return Some(format!(
                "{name}, line {number}\n  expected: {}\n  printed:  {}",
                shown(was),
                shown(is)
            ));
        }
        if was.is_none() {
            break;
        }
    }
    Some(format!("{name} differs in the end of its last line"))
}

fn names_in(folder: &Path, extension: &str) -> BTreeSet<String> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let named = paths.filter(|path| path.extension() == Some(OsStr::new(extension)));
    named.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

fn golden_folder() -> PathBuf {
    root().join("tests/it/golden")
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
