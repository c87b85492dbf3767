//! The page that compares us with LangGraph speaks of tests that exist, and leaves no case out.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A row: its number, and the tests its last cell names.
type Rows = BTreeMap<String, Vec<String>>;

#[test]
fn every_test_the_comparison_names_exists() {
    let page = page();
    let missing: Vec<String> = ["## Cases", "## Weak spots"]
        .into_iter()
        .flat_map(|section| rows(&page, section))
        .flat_map(|(row, tests)| tests.into_iter().map(move |test| (row.clone(), test)))
        .filter(|(_, test)| !is_written(test))
        .map(|(row, test)| format!("{row} names {test:?}"))
        .collect();
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
}

#[test]
fn every_case_and_every_weak_spot_has_its_row_and_its_tests() {
    let page = page();
    let cases = rows(&page, "## Cases");
    let expected =
        (1..=61).map(|number| format!("C{number}")).chain((1..=12).map(|number| format!("S{number}")));
    let left_out: Vec<String> = expected.filter(|case| !cases.contains_key(case)).collect();
    assert!(left_out.is_empty(), "cases without a row: {left_out:?}");
    let weak_spots = rows(&page, "## Weak spots");
    let left_out: Vec<u32> =
        (1..=25).filter(|number| !weak_spots.contains_key(&number.to_string())).collect();
    assert!(left_out.is_empty(), "weak spots without a row: {left_out:?}");
    let untested: Vec<&String> =
        cases.iter().chain(&weak_spots).filter(|(_, tests)| tests.is_empty()).map(|(row, _)| row).collect();
    assert!(untested.is_empty(), "rows without a test: {untested:?}");
}

fn crate_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page() -> String {
    fs::read_to_string(crate_root().join("docs/langgraph.md")).unwrap()
}

/// The rows of the tables of one section. A row may be about several numbers, with commas between them.
fn rows(page: &str, section: &str) -> Rows {
    let (_, rest) =
        page.split_once(&format!("\n{section}\n")).unwrap_or_else(|| panic!("no section {section:?}"));
    let section = rest.split("\n## ").next().unwrap_or_default();
    let mut rows = Rows::new();
    for line in section.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let (first, last) = (cells[0], cells[cells.len() - 1]);
        let is_number = first.chars().any(|letter| letter.is_ascii_digit());
        if is_number {
            // The blocks of code on the page are tests too.
            let own = last.contains("the block below").then(|| "docs/langgraph.md".to_owned());
            let tests: Vec<String> =
                last.split('`').skip(1).step_by(2).map(str::to_owned).chain(own).collect();
            for number in first.split(',') {
                assert!(
                    rows.insert(number.trim().to_owned(), tests.clone()).is_none(),
                    "two rows for {number}"
                );
            }
        }
    }
    rows
}

/// Whether a test of this name is in the file it is said to be in: `file::name` for a file beside this one,
/// `src/../file::name` for one of the crate, `medha-connectors/file::name` for one of the connectors.
fn is_written(test: &str) -> bool {
    if test == "docs/langgraph.md" {
        return page().contains("```compile_fail");
    }
    let Some((file, name)) = test.split_once("::") else { return false };
    let path: PathBuf = match file.split_once('/') {
        Some(("src", _)) => crate_root().join(file),
        Some(("medha-connectors", file)) => crate_root().join("../medha-connectors/tests/it").join(file),
        Some(_) | None => crate_root().join("tests/it").join(file),
    };
    let source = fs::read_to_string(path.with_extension("rs")).unwrap_or_default();
    source.contains(&format!("fn {name}("))
}
