//! The two passes over a JSON file. The fields of an object within an object become columns of their own, `a.b` as `a_b`;
//! what is deeper, and every list, is kept as JSON text.

use std::collections::HashMap;
use std::path::Path;

use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use super::elements::{Elements, Layout};
use super::object::{Object, members, parse, raw};
use crate::files::column::{Cell, Raw, Seen};
use crate::files::input::Input;
use crate::files::names::{Names, renamed};
use crate::files::plan::{MAX_COLUMNS, Planned, too_many_columns};
use crate::files::stop::Stop;

/// An object with more fields than this, over all rows, is a map from keys to values and no record.
const MOST_MEMBERS: usize = 100;

/// What the first pass has found.
#[derive(Debug)]
pub(in crate::files) struct Scan {
    layout: Layout,
    keys: Keys,
    pub(in crate::files) columns: Vec<Planned>,
    pub(in crate::files) rows: u64,
    pub(in crate::files) remarks: Vec<String>,
}

type Keys = HashMap<String, Key>;

/// Where the values of a key go: to columns by their places.
#[derive(Debug, Default)]
struct Key {
    own: Option<usize>,
    members: HashMap<String, usize>,
    /// It has too many members, so it is kept as JSON.
    is_map: bool,
}

/// Reads all rows once and settles what the columns are called and what they hold.
pub(in crate::files) fn scan(path: &Path, layout: Layout, cancel: CancellationToken) -> Result<Scan, Stop> {
    let mut elements = Elements::new(Input::open(path, cancel)?, layout);
    let mut survey = Survey::default();
    let mut element = Vec::new();
    while let Some(line) = elements.read(&mut element)? {
        survey.observe(&parse(&element, line)?, line)?;
    }
    survey.settle(layout)
}

/// What was seen of all keys so far.
#[derive(Debug, Default)]
struct Survey {
    keys: Keys,
    fields: Vec<Field>,
    /// Of those fields, the ones that are not left out.
    width: usize,
    rows: u64,
    line: u64,
}

/// A key, or a member of one, on the way to its column.
#[derive(Debug)]
struct Field {
    name: String,
    seen: Seen,
    /// The last row that had it.
    row: u64,
    /// It was a member of what turned out to be a map.
    is_left_out: bool,
}

impl Survey {
    fn observe(&mut self, object: &Object<'_>, line: u64) -> Result<(), Stop> {
        self.rows += 1;
        self.line = line;
        for (key, value) in &object.0 {
            if !self.keys.contains_key(key.as_ref()) {
                self.keys.insert(key.to_string(), Key::default());
            }
            let is_map = self.keys.get(key.as_ref()).is_some_and(|known| known.is_map);
            match members(value, line)? {
                Some(object) if !is_map => self.observe_members(key, &object)?,
                _ => self.observe_own(key, &raw(value))?,
            }
        }
        Ok(())
    }

    fn observe_members(&mut self, key: &str, object: &Object<'_>) -> Result<(), Stop> {
        for (member, value) in &object.0 {
            let known = self.keys.get(key).and_then(|known| known.members.get(member.as_ref())).copied();
            let place = match known {
                Some(place) => place,
                None => {
                    let place = self.add(format!("{key}_{member}"))?;
                    let known = self.keys.entry(key.to_owned()).or_default();
                    known.members.insert(member.to_string(), place);
                    if known.members.len() > MOST_MEMBERS {
                        return self.take_for_map(key);
                    }
                    place
                }
            };
            self.note(place, &raw(value))?;
        }
        Ok(())
    }

    fn observe_own(&mut self, key: &str, value: &Raw<'_>) -> Result<(), Stop> {
        // A key that is never there with a value needs no column beside those of its members.
        let known = self.keys.get(key);
        if *value == Raw::Null && known.is_some_and(|known| known.own.is_none() && !known.members.is_empty())
        {
            return Ok(());
        }
        let place = match known.and_then(|known| known.own) {
            Some(place) => place,
            None => {
                let place = self.add(key.to_owned())?;
                self.keys.entry(key.to_owned()).or_default().own = Some(place);
                place
            }
        };
        self.note(place, value)
    }

    /// Forgets the columns of the members: the rows before have them in the text of the whole, too.
    fn take_for_map(&mut self, key: &str) -> Result<(), Stop> {
        let known = self.keys.entry(key.to_owned()).or_default();
        known.is_map = true;
        for place in std::mem::take(&mut known.members).into_values() {
            self.fields[place].is_left_out = true;
            self.width -= 1;
        }
        self.observe_own(key, &Raw::Nested("{…}"))
    }

    fn add(&mut self, name: String) -> Result<usize, Stop> {
        self.width += 1;
        if self.width > MAX_COLUMNS {
            return Err(too_many_columns(self.width));
        }
        self.fields.push(Field { name, seen: Seen::default(), row: 0, is_left_out: false });
        Ok(self.fields.len() - 1)
    }

    fn note(&mut self, place: usize, value: &Raw<'_>) -> Result<(), Stop> {
        let field = &mut self.fields[place];
        if field.row == self.rows {
            let (line, name) = (self.line, &field.name);
            return Err(Stop::Refused(format!(
                "line {line}: an object has {name:?} twice; remove one of them"
            )));
        }
        field.row = self.rows;
        field.seen.observe(value, self.line);
        Ok(())
    }

    fn settle(mut self, layout: Layout) -> Result<Scan, Stop> {
        // Where a key was null before it was an object, the column of the key itself has nothing.
        for key in self.keys.values_mut() {
            if let Some(place) = key.own
                && !key.members.is_empty()
                && self.fields[place].seen.filled == 0
            {
                key.own = None;
                self.fields[place].is_left_out = true;
            }
        }
        let kept: Vec<&Field> = self.fields.iter().filter(|field| !field.is_left_out).collect();
        if kept.is_empty() {
            return Err(Stop::Empty);
        }
        let mut names = Names::default();
        let taken: Vec<String> = (1..)
            .zip(&kept)
            .map(|(number, field)| names.take(&field.name, &format!("column_{number}")))
            .collect();
        let pairs = kept.iter().map(|field| field.name.as_str()).zip(taken.iter().map(String::as_str));
        let mut remarks: Vec<String> =
            renamed(pairs).map(|names| format!("columns: {names}")).into_iter().collect();
        let rows = self.rows;
        let columns = taken
            .into_iter()
            .zip(&kept)
            .map(|(name, field)| {
                let (kind, remark) = field.seen.settle(&name);
                remarks.extend(remark);
                Planned::new(name, kind, &field.seen, rows)
            })
            .collect();
        let mut maps: Vec<&str> =
            self.keys.iter().filter(|(_, key)| key.is_map).map(|(name, _)| name.as_str()).collect();
        maps.sort_unstable();
        remarks.extend(maps.iter().map(|name| {
            format!(
                "{name:?} is kept as JSON text: its objects have more than {MOST_MEMBERS} different fields"
            )
        }));
        if layout == Layout::Document && rows == 1 {
            remarks.push("there is one object in it, so the table has one row".to_owned());
        }
        let mut columns_of = Vec::with_capacity(self.fields.len());
        let mut next = 0;
        for field in &self.fields {
            columns_of.push(next);
            next += usize::from(!field.is_left_out);
        }
        for key in self.keys.values_mut() {
            key.own = key.own.map(|place| columns_of[place]);
            key.members.values_mut().for_each(|place| *place = columns_of[*place]);
        }
        Ok(Scan { layout, keys: self.keys, columns, rows, remarks })
    }
}

/// Reads all rows again, each value in the type of its column.
pub(in crate::files) fn rows(
    path: &Path,
    scan: &Scan,
    cancel: CancellationToken,
    mut each: impl FnMut(&mut dyn Iterator<Item = Cell>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut elements = Elements::new(Input::open(path, cancel)?, scan.layout);
    let mut element = Vec::new();
    let mut row: Vec<Cell> = Vec::new();
    while let Some(line) = elements.read(&mut element)? {
        row.clear();
        row.resize(scan.columns.len(), Cell::Null);
        for (key, value) in parse(&element, line)?.0 {
            let key = scan.keys.get(key.as_ref()).ok_or(Stop::Changed)?;
            let object = if key.is_map { None } else { members(value, line)? };
            match object {
                Some(object) => {
                    for (member, value) in object.0 {
                        let place = key.members.get(member.as_ref()).ok_or(Stop::Changed)?;
                        put(&mut row, &scan.columns, *place, value)?;
                    }
                }
                None => match key.own {
                    Some(place) => put(&mut row, &scan.columns, place, value)?,
                    None if value.get() == "null" => {}
                    None => return Err(Stop::Changed),
                },
            }
        }
        each(&mut row.drain(..))?;
    }
    Ok(())
}

fn put(row: &mut [Cell], columns: &[Planned], place: usize, value: &RawValue) -> Result<(), Stop> {
    row[place] = columns[place].kind.cell(&raw(value)).ok_or(Stop::Changed)?;
    Ok(())
}
