//! Whether the names inside a model refer to something in it.

use std::collections::BTreeSet;

use super::error::{Problem, hint};
use super::expression::{parse, references};
use super::model::{Dataset, SemanticModel};

/// Everything in the model that refers to nothing, is said twice or cannot be parsed.
pub(super) fn check(model: &SemanticModel) -> Vec<Problem> {
    let mut check = Check { model, problems: Vec::new() };
    check.unique("datasets", model.datasets.iter().map(|dataset| dataset.name.as_str()));
    check.unique("relationships", model.relationships.iter().map(|item| item.name.as_str()));
    check.unique("metrics", model.metrics.iter().map(|metric| metric.name.as_str()));
    check.unique("filters", model.filters.iter().map(|filter| filter.name.as_str()));
    for dataset in &model.datasets {
        check.dataset(dataset);
    }
    check.relationships();
    check.metrics();
    check.words();
    check.problems
}

struct Check<'a> {
    model: &'a SemanticModel,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn problem(&mut self, at: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem { at: at.into(), message: message.into() });
    }

    fn unique<'a>(&mut self, at: &str, names: impl Iterator<Item = &'a str>) {
        let mut seen = BTreeSet::new();
        for name in names {
            if !seen.insert(name) {
                self.problem(at, format!("the name {name:?} is given twice"));
            }
        }
    }

    fn dataset(&mut self, dataset: &Dataset) {
        let at = format!("datasets[{:?}]", dataset.name);
        self.unique(&format!("{at}.fields"), dataset.fields.iter().map(|field| field.name.as_str()));
        // Keys are columns, and a model need not make a field of every column: only a database can tell.
        let lists = [
            ("label_fields", dataset.label_fields.clone()),
            ("default_time", dataset.default_time.iter().cloned().collect()),
        ];
        for (key, names) in lists {
            for name in names {
                self.field(&format!("{at}.{key}"), &dataset.name, &name);
            }
        }
        for field in &dataset.fields {
            let place = format!("{at}.fields[{:?}].expression", field.name);
            match parse(&field.expression) {
                Ok(_) if field.expression.is_empty() => {}
                Ok(expression) => {
                    for found in references(&expression) {
                        if let Some(other) = found.dataset.filter(|other| *other != dataset.name) {
                            self.problem(
                                &place,
                                format!("mentions {other:?}; a field is made of its own dataset's columns"),
                            );
                        }
                    }
                }
                Err(error) if !field.expression.is_empty() => {
                    self.problem(&place, format!("cannot be parsed: {error}"));
                }
                Err(_) => {}
            }
        }
        if let Some(filter) = &dataset.row_filter
            && let Err(error) = parse(filter)
        {
            self.problem(format!("{at}.row_filter"), format!("cannot be parsed: {error}"));
        }
    }

    fn relationships(&mut self) {
        for relationship in &self.model.relationships {
            let at = format!("relationships[{:?}]", relationship.name);
            for (side, name) in [("from", &relationship.from), ("to", &relationship.to)] {
                self.dataset_named(&format!("{at}.{side}"), name);
            }
        }
    }

    fn metrics(&mut self) {
        let model = self.model;
        for metric in &model.metrics {
            let at = format!("metrics[{:?}]", metric.name);
            if !metric.dataset.is_empty() {
                self.dataset_named(&format!("{at}.dataset"), &metric.dataset);
            }
            self.sql(&format!("{at}.expression"), &metric.expression, &metric.dataset, Bare::Field);
            if let Some(filter) = &metric.filter {
                self.sql(&format!("{at}.filter"), filter, &metric.dataset, Bare::FieldOrColumn);
            }
            if let Some(time) = &metric.time {
                self.qualified(&format!("{at}.time"), time);
            }
            if let Some(other) = &metric.line_level_equivalent
                && model.metric(other).is_none()
            {
                let hint = hint(other, model.metrics.iter().map(|metric| metric.name.as_str()));
                let message = format!("there is no metric {other:?}{hint}");
                self.problem(format!("{at}.line_level_equivalent"), message);
            }
        }
    }

    fn words(&mut self) {
        let model = self.model;
        for filter in &model.filters {
            let at = format!("filters[{:?}]", filter.name);
            if self.dataset_named(&format!("{at}.dataset"), &filter.dataset) {
                self.sql(&format!("{at}.expr"), &filter.expression, &filter.dataset, Bare::FieldOrColumn);
            }
        }
        for term in &model.glossary {
            let Some(target) = &term.maps_to else { continue };
            let known = model.metric(target).is_some()
                || model.dataset(target).is_some()
                || model.filters.iter().any(|filter| filter.name == *target)
                || target.rsplit_once('.').is_some_and(|(dataset, field)| {
                    model.dataset(dataset).is_some_and(|dataset| dataset.field(field).is_some())
                });
            if !known {
                let names = model.metrics.iter().map(|metric| metric.name.as_str());
                let names = names.chain(model.filters.iter().map(|filter| filter.name.as_str()));
                let hint = hint(target, names);
                self.problem(
                    format!("glossary[{:?}].maps_to", term.term),
                    format!("{target:?} is neither a metric, a dataset, a dataset.field nor a filter{hint}"),
                );
            }
        }
    }

    fn dataset_named(&mut self, at: &str, name: &str) -> bool {
        if self.model.dataset(name).is_some() {
            return true;
        }
        if self.model.denied.iter().any(|denied| denied.dataset == name && denied.field.is_none()) {
            self.problem(at, format!("the dataset {name:?} is denied and cannot be used"));
        } else {
            let hint = hint(name, self.model.datasets.iter().map(|dataset| dataset.name.as_str()));
            self.problem(at, format!("there is no dataset {name:?}{hint}"));
        }
        false
    }

    fn field(&mut self, at: &str, dataset: &str, name: &str) {
        let Some(owner) = self.model.dataset(dataset) else { return };
        if owner.field(name).is_some() {
            return;
        }
        if self.is_denied(dataset, name) {
            self.problem(at, format!("the field \"{dataset}.{name}\" is denied and cannot be used"));
        } else {
            let hint = hint(name, owner.fields.iter().map(|field| field.name.as_str()));
            self.problem(at, format!("there is no field {name:?} in {dataset:?}{hint}"));
        }
    }

    fn is_denied(&self, dataset: &str, name: &str) -> bool {
        self.model.denied.iter().any(|denied| {
            denied.dataset == dataset && denied.field.as_deref().is_some_and(|field| field == name)
        })
    }

    fn qualified(&mut self, at: &str, name: &str) {
        match name.rsplit_once('.') {
            Some((dataset, field)) => {
                if self.dataset_named(at, dataset) {
                    self.field(at, dataset, field);
                }
            }
            None => self.problem(at, format!("write {name:?} as dataset.field")),
        }
    }

    fn sql(&mut self, at: &str, sql: &str, dataset: &str, bare: Bare) {
        let expression = match parse(sql) {
            Ok(expression) => expression,
            Err(error) => return self.problem(at, format!("cannot be parsed: {error}")),
        };
        for found in references(&expression) {
            match &found.dataset {
                Some(owner) => {
                    if self.dataset_named(at, owner) {
                        self.field(at, owner, &found.name);
                    }
                }
                None if dataset.is_empty() => {
                    self.problem(at, format!("write {:?} as dataset.field", found.name));
                }
                None => match bare {
                    Bare::Field => self.field(at, dataset, &found.name),
                    // A condition may use a column that is no field, but not one that is denied.
                    Bare::FieldOrColumn => {
                        if self.is_denied(dataset, &found.name) {
                            self.field(at, dataset, &found.name);
                        }
                    }
                },
            }
        }
    }
}

/// What a name without a dataset may be.
#[derive(Clone, Copy)]
enum Bare {
    Field,
    FieldOrColumn,
}
