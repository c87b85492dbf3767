//! What a model forbids.

use medha_agents::plan::{AnalysisPlan, Expr, FieldRef, Output, compile};
use medha_agents::semantic::{SemanticModel, ossie};
use medha_connectors::Dialect;

fn document(access: &str, metric: &str, pii: &str) -> String {
    format!(
        r"
version: 0.2.0.dev0
semantic_model:
- name: staff
  datasets:
  - name: people
    source: people
    primary_key: [id]
    fields:
    - {{name: name, expression: {{dialects: [{{dialect: ANSI_SQL, expression: name}}]}}}}
    - name: salary
      expression: {{dialects: [{{dialect: ANSI_SQL, expression: salary}}]}}
      datatype: Decimal
      custom_extensions: [{{vendor_name: AGENTMEDHA, data: {{{pii}}}}}]
  - name: payslips
    source: payslips
    fields:
    - {{name: amount, expression: {{dialects: [{{dialect: ANSI_SQL, expression: amount}}]}}}}
  relationships:
  - {{name: payslip_person, from: payslips, to: people, from_columns: [person_id], to_columns: [id]}}
  metrics: [{metric}]
  custom_extensions: [{{vendor_name: AGENTMEDHA, data: {{access: {{{access}}}}}}}]
"
    )
}

fn read(access: &str, pii: &str) -> SemanticModel {
    ossie::read(&document(access, "", pii)).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn what_is_denied_is_nowhere_in_the_model() {
    for (access, pii) in [("deny: [people.salary]", ""), ("", "pii: {class: pay, action: deny}")] {
        let model = read(access, pii);
        assert!(model.dataset("people").unwrap().field("salary").is_none());
        let salary = FieldRef { dataset: "people".into(), field: "salary".into(), via: None };
        let plan = AnalysisPlan {
            subject: "people".into(),
            outputs: vec![Output { expr: Expr::Field(salary), name: "salary".into() }],
            ..AnalysisPlan::default()
        };
        let error = compile(&plan, &model, Dialect::Sqlite).unwrap_err();
        assert_eq!(error.to_string(), "the model has no field \"people.salary\"");
    }
    let model = read("deny: [payslips]", "");
    assert!(model.dataset("payslips").is_none() && model.relationships.is_empty());
}

#[test]
fn what_is_denied_stays_denied_when_the_model_is_written() {
    let model = read("deny: [payslips]", "pii: {class: pay, action: deny}");
    let again = ossie::read(&ossie::write(&model).unwrap()).unwrap();
    assert_eq!(again.denied.len(), 2);
    assert!(again.dataset("payslips").is_none());
    assert!(again.dataset("people").unwrap().field("salary").is_none());
}

#[test]
fn nothing_may_be_made_of_what_is_denied() {
    let metric = "{name: pay, expression: {dialects: [{dialect: ANSI_SQL, expression: SUM(people.salary)}]}}";
    let error = ossie::read(&document("deny: [people.salary]", metric, "")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the semantic model has 1 problem:\n\
         - metrics[\"pay\"].expression: the field \"people.salary\" is denied and cannot be used"
    );
}

#[test]
fn rules_that_cannot_be_kept_are_refused_and_names_that_mean_nothing_too() {
    let error =
        ossie::read(&document("rls: [{dataset: people, predicate: id = 1}], deny: [people.salry]", "", ""));
    assert_eq!(
        error.unwrap_err().to_string(),
        "the semantic model has 2 problems:\n\
         - AGENTMEDHA.access.rls: row rules are not supported yet and a model that needs them is refused; ask a view \
         that holds only the permitted rows\n\
         - AGENTMEDHA.access.deny: \"people.salry\" is neither a dataset nor a field; did you mean \"people.salary\"?"
    );
}
