//! A model cut down to what somebody may know of the database.

use medha_connectors::{Schema, Table};

use super::check::is_query;
use super::expression::{parse, references};
use super::model::{Dataset, SemanticModel};
use super::references::check;

impl SemanticModel {
    /// The part of the model that speaks of nothing but what is in this schema, as in that of a user whom a policy shows less
    /// than there is. Verified queries are left out: they say in SQL what they read. What is written for people to read stays.
    ///
    /// ```
    /// use medha_agents::semantic::infer;
    /// use medha_connectors::Schema;
    ///
    /// # let schema: Schema = serde_json::from_str(r#"{"tables":[{"name":"staff","kind":"table","comment":null,"columns":[
    /// #   {"name":"name","declared_type":"TEXT","kind":"text","nullable":true,"default":null,"comment":null,"profile":null},
    /// #   {"name":"salary","declared_type":"REAL","kind":"float","nullable":true,"default":null,"comment":null,"profile":null}],
    /// #   "primary_key":[],"unique_keys":[],"foreign_keys":[],"indexes":[],"row_count":2}]}"#)?;
    /// // `schema` has a table "staff" with the columns "name" and "salary".
    /// let model = infer(&schema);
    /// let mut shown = schema.clone();
    /// shown.tables[0].columns.retain(|column| column.name != "salary");
    /// let model = model.within(&shown);
    /// assert!(model.datasets[0].fields.iter().all(|field| field.expression != "salary"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn within(&self, schema: &Schema) -> Self {
        let mut model = self.clone();
        model.verified_queries.clear();
        model.denied.clear();
        model.datasets.retain_mut(|dataset| match table_of(dataset, schema) {
            Some(table) => keep(dataset, table),
            None => false,
        });
        let of = |name: &str| model.datasets.iter().find(|dataset| dataset.name == name);
        let has = |dataset: Option<&Dataset>, column: &String| {
            dataset.is_some_and(|dataset| {
                let table = table_of(dataset, schema);
                dataset.field(column).is_some() || table.is_some_and(|table| table.column(column).is_some())
            })
        };
        let mut relationships = std::mem::take(&mut model.relationships);
        relationships.retain(|relationship| {
            let (from, to) = (of(&relationship.from), of(&relationship.to));
            from.is_some()
                && to.is_some()
                && relationship.from_columns.iter().all(|column| has(from, column))
                && relationship.to_columns.iter().all(|column| has(to, column))
        });
        model.relationships = relationships;
        // What speaks of something that is gone goes too, until nothing does.
        loop {
            let problems = check(&model);
            let is_sound = |kind: &str, name: &str| {
                let place = format!("{kind}[{name:?}]");
                !problems.iter().any(|problem| problem.at.starts_with(&place))
            };
            let before = (model.metrics.len(), model.filters.len(), model.glossary.len());
            model.metrics.retain(|metric| is_sound("metrics", &metric.name));
            model.filters.retain(|filter| is_sound("filters", &filter.name));
            model.glossary.retain(|term| is_sound("glossary", &term.term));
            if before == (model.metrics.len(), model.filters.len(), model.glossary.len()) {
                return model;
            }
        }
    }
}

fn table_of<'a>(dataset: &Dataset, schema: &'a Schema) -> Option<&'a Table> {
    if is_query(&dataset.source) {
        return None;
    }
    let name = dataset.source.rsplit('.').next().unwrap_or(&dataset.source);
    schema.table(&dataset.source).or_else(|| schema.table(name.trim_matches(['"', '`'])))
}

/// Takes out of a dataset what its table does not have. One whose rows cannot be narrowed as they should be is not kept.
fn keep(dataset: &mut Dataset, table: &Table) -> bool {
    let knows = |sql: &str| {
        parse(sql).is_ok_and(|expression| {
            references(&expression).iter().all(|found| table.column(&found.name).is_some())
        })
    };
    if dataset.row_filter.as_ref().is_some_and(|filter| !knows(filter)) {
        return false;
    }
    dataset.fields.retain(|field| match field.expression.is_empty() {
        true => table.column(&field.name).is_some(),
        false => knows(&field.expression),
    });
    // What a look at the whole table has found is not for whoever sees a part of it.
    dataset.row_count = table.row_count;
    for field in &mut dataset.fields {
        let column = table.column(&field.expression);
        if column.is_none_or(|column| column.profile.is_none()) {
            field.values.clear();
            field.sample_values.clear();
            field.values_complete = false;
            (field.min, field.max) = (None, None);
        }
    }
    let fields: Vec<String> = dataset.fields.iter().map(|field| field.name.clone()).collect();
    let has = |name: &String| fields.contains(name);
    let in_table = |name: &String| has(name) || table.column(name).is_some();
    if !dataset.primary_key.iter().all(in_table) {
        dataset.primary_key.clear();
    }
    dataset.unique_keys.retain(|key| key.iter().all(in_table));
    dataset.label_fields.retain(has);
    dataset.default_time = dataset.default_time.take().filter(has);
    true
}
