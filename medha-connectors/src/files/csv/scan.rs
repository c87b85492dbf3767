//! The two passes over a file with separators: what its columns are, and its rows in those types.

use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::records::{Record, Records};
use super::sniff::{Dialect, sniff};
use crate::files::column::{Cell, Raw, Seen, Type};
use crate::files::input::{Input, Pieces};
use crate::files::names::{Names, renamed};
use crate::files::plan::{MAX_COLUMNS, Planned, too_many_columns};
use crate::files::stop::Stop;

/// What the first pass has found.
#[derive(Debug)]
pub(in crate::files) struct Scan {
    dialect: Dialect,
    first: First,
    pub(in crate::files) columns: Vec<Planned>,
    pub(in crate::files) rows: u64,
    pub(in crate::files) remarks: Vec<String>,
}

/// What the first line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    Names,
    Row,
}

/// Lines named in an error that is about several.
const NAMED_LINES: usize = 5;

/// Reads all rows once and settles what the columns are called and what they hold.
pub(in crate::files) fn scan(path: &Path, cancel: CancellationToken) -> Result<Scan, Stop> {
    let input = Input::open(path, cancel)?;
    let (beginning, is_whole) = input.beginning();
    let dialect = sniff(beginning, is_whole)?;
    let mut records = records(input, dialect);
    let mut record = Record::default();
    if !read_filled(&mut records, &mut record, 0)? {
        return Err(Stop::Empty);
    }
    let first_line: Vec<String> = record.fields()?.map(str::to_owned).collect();
    let width = first_line.len();
    if width > MAX_COLUMNS {
        return Err(too_many_columns(width));
    }
    let line = record.line;
    let mut seen = vec![Seen::default(); width];
    let mut ragged = Ragged::default();
    let mut rows = 0;
    while read_filled(&mut records, &mut record, width)? {
        rows += 1;
        if record.width() == width {
            let line = record.line;
            seen.iter_mut()
                .zip(record.fields()?)
                .for_each(|(seen, field)| seen.observe(&Raw::Word(field), line));
        } else {
            ragged.note(&record);
        }
    }
    ragged.check(width, line, dialect.delimiter)?;
    let mut remarks = Vec::new();
    let first = if rows > 0 { tell_first(&first_line, &seen) } else { tell_only(&first_line) };
    if first == First::Row {
        rows += 1;
        for (seen, field) in seen.iter_mut().zip(&first_line) {
            let mut alone = Seen::default();
            alone.observe(&Raw::Word(field), line);
            seen.add_first(&alone);
        }
        remarks.push(format!(
            "line {line} reads like the others, so the columns are called column_1, column_2 …"
        ));
    }
    let names = names(&first_line, first, &mut remarks);
    let planned = names
        .into_iter()
        .zip(&seen)
        .map(|(name, seen)| {
            let (kind, remark) = seen.settle(&name);
            remarks.extend(remark);
            Planned::new(name, kind, seen, rows)
        })
        .collect();
    Ok(Scan { dialect, first, columns: planned, rows, remarks })
}

/// Reads all rows again, each value in the type of its column.
pub(in crate::files) fn rows(
    path: &Path,
    scan: &Scan,
    cancel: CancellationToken,
    mut each: impl FnMut(&mut dyn Iterator<Item = Cell>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut records = records(Input::open(path, cancel)?, scan.dialect);
    let mut record = Record::default();
    let types: Vec<Type> = scan.columns.iter().map(|column| column.kind).collect();
    if scan.first == First::Names {
        read_filled(&mut records, &mut record, 0)?;
    }
    while read_filled(&mut records, &mut record, types.len())? {
        if record.width() != types.len() {
            return Err(Stop::Changed);
        }
        let mut has_changed = false;
        let mut cells = types.iter().zip(record.fields()?).map(|(kind, field)| {
            kind.cell(&Raw::Word(field)).unwrap_or_else(|| {
                has_changed = true;
                Cell::Null
            })
        });
        each(&mut cells)?;
        if has_changed {
            return Err(Stop::Changed);
        }
    }
    Ok(())
}

fn records(mut input: Input, dialect: Dialect) -> Records<Input> {
    let line = if dialect.announcement > 0 { 2 } else { 1 };
    input.consume(dialect.announcement);
    Records::new(input, dialect.delimiter, line)
}

/// Reads the next record that has something in it.
fn read_filled(records: &mut Records<Input>, record: &mut Record, width: usize) -> Result<bool, Stop> {
    while records.read(record)? {
        if !record.is_blank(width) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Rows that are not as wide as the first line.
#[derive(Debug, Default)]
struct Ragged {
    named: Vec<(u64, usize)>,
    more: u64,
}

impl Ragged {
    fn note(&mut self, record: &Record) {
        if self.named.len() < NAMED_LINES {
            self.named.push((record.line, record.width()));
        } else {
            self.more += 1;
        }
    }

    fn check(&self, width: usize, first: u64, delimiter: u8) -> Result<(), Stop> {
        if self.named.is_empty() {
            return Ok(());
        }
        let fields = |count: usize| if count == 1 { "1 field".to_owned() } else { format!("{count} fields") };
        let mut lines: Vec<String> =
            self.named.iter().map(|(line, width)| format!("line {line} has {}", fields(*width))).collect();
        if self.more > 0 {
            lines.push(format!("and {} more lines", self.more));
        }
        let delimiter = char::from(delimiter);
        Err(Stop::Refused(format!(
            "line {first} has {}, but {}; put values that contain {delimiter:?} in quotes, or add what is missing",
            fields(width),
            lines.join(", ")
        )))
    }
}

/// A first line is a row if it has the types of the rows, and years in a row are names nevertheless.
fn tell_first(first: &[String], seen: &[Seen]) -> First {
    let mut has_evidence = false;
    for (field, seen) in first.iter().zip(seen) {
        let (kind, _) = seen.settle("");
        if kind == Type::Text {
            continue;
        }
        let mut alone = Seen::default();
        alone.observe(&Raw::Word(field), 1);
        let is_alike = match (kind, alone.settle("").0) {
            _ if alone.filled == 0 => field.trim_ascii().is_empty(),
            (Type::Integer | Type::Real, own) => matches!(own, Type::Integer | Type::Real),
            (Type::Date(_) | Type::DateTime(_), own) => {
                matches!(own, Type::Date(_) | Type::DateTime(_)) || kind.cell(&Raw::Word(field)).is_some()
            }
            (kind, own) => kind == own,
        };
        if !is_alike {
            return First::Names;
        }
        has_evidence |= alone.filled > 0;
    }
    if has_evidence && !are_years(first) { First::Row } else { First::Names }
}

/// The only line is a row if anything in it is more than a word.
fn tell_only(first: &[String]) -> First {
    let is_more = |field: &String| {
        let mut alone = Seen::default();
        alone.observe(&Raw::Word(field), 1);
        alone.settle("").0 != Type::Text
    };
    if first.iter().any(is_more) && !are_years(first) { First::Row } else { First::Names }
}

/// Whether the numbers are years, one after another.
fn are_years(first: &[String]) -> bool {
    let numbers: Vec<i64> = first.iter().filter_map(|field| field.trim_ascii().parse().ok()).collect();
    numbers.len() > 1
        && numbers.iter().all(|number| (1800..=2200).contains(number))
        && numbers.windows(2).all(|pair| pair[1] - pair[0] == 1)
}

fn names(first_line: &[String], first: First, remarks: &mut Vec<String>) -> Vec<String> {
    let mut names = Names::default();
    let taken: Vec<String> = (1..)
        .zip(first_line)
        .map(|(number, written)| {
            let written = if first == First::Names { written.as_str() } else { "" };
            names.take(written, &format!("column_{number}"))
        })
        .collect();
    if first == First::Names {
        let pairs = first_line.iter().map(String::as_str).zip(taken.iter().map(String::as_str));
        remarks.extend(renamed(pairs).map(|names| format!("columns: {names}")));
    }
    taken
}
