//! Models inferred from a bare schema.

use medha_agents::plan::AggregateFunction;
use medha_agents::semantic::{DataType, Dataset, Field, Relationship, Role, SemanticModel, infer};
use medha_connectors::ColumnKind::{Boolean, Date, DateTime, Decimal, Integer, Text};
use medha_connectors::{Column, ColumnProfile, Schema};

use crate::schema::*;

fn field<'a>(model: &'a SemanticModel, dataset: &str, field: &str) -> &'a Field {
    model.dataset(dataset).unwrap().field(field).unwrap()
}

fn dataset<'a>(model: &'a SemanticModel, name: &str) -> &'a Dataset {
    model.dataset(name).unwrap()
}

/// `from.column -> to.column`, with `?` if it is a guess.
fn joins(model: &SemanticModel) -> Vec<String> {
    let join = |join: &Relationship| {
        let mark = if join.guessed { "?" } else { "" };
        format!(
            "{}.{} -> {}.{}{mark}",
            join.from,
            join.from_columns.join("+"),
            join.to,
            join.to_columns.join("+")
        )
    };
    model.relationships.iter().map(join).collect()
}

#[test]
fn columns_become_fields_with_a_role() {
    let schema = schema([keyed(
        table(
            "Orders",
            [
                integer("OrderID"),
                column("order_date", DateTime),
                column("TotalAmount", Decimal),
                column("unit_price", Decimal),
                integer("zip_code"),
                words("status", &["open", "paid"]),
                column("contact_email", Text),
                column("is_gift", Boolean),
                integer("weird \"name\""),
            ],
        ),
        &["OrderID"],
    )]);
    let model = infer(&schema);
    let of = |name: &str| field(&model, "Orders", name);
    assert_eq!(of("OrderID").role, Role::Key);
    assert_eq!((of("order_date").role, of("order_date").data_type), (Role::Time, DataType::DateTime));
    assert_eq!(of("TotalAmount").default_aggregate, Some(AggregateFunction::Sum));
    assert_eq!(of("TotalAmount").format.as_deref(), Some("currency"));
    assert_eq!(of("unit_price").default_aggregate, Some(AggregateFunction::Average));
    assert_eq!(of("zip_code").role, Role::Dimension);
    assert_eq!((of("status").values.len(), of("status").values_complete), (2, true));
    assert_eq!(of("contact_email").pii.as_deref(), Some("email"));
    assert_eq!(of("is_gift").data_type, DataType::Boolean);
    assert_eq!(of("weird \"name\"").expression, "\"weird \"\"name\"\"\"");
    let orders = dataset(&model, "Orders");
    assert_eq!(orders.default_time.as_deref(), Some("order_date"));
    let entity = orders.entity.as_ref().unwrap();
    assert_eq!((entity.singular.as_str(), entity.plural.as_str()), ("order", "orders"));
}

#[test]
fn numbers_years_and_booleans_are_seen_through_their_text() {
    let schema = schema([table(
        "singer",
        [
            words("Age", &["25", "41"]),
            words("Song_release_year", &["1992", "2016"]),
            ranging("founded", Integer, "1901", "2003"),
            words("Is_male", &["F", "T"]),
            words("badge", &["007", "012"]),
            words("note", &["12", "n/a"]),
        ],
    )]);
    let model = infer(&schema);
    let of = |name: &str| field(&model, "singer", name);
    assert_eq!((of("Age").expression.as_str(), of("Age").role), ("CAST(Age AS INTEGER)", Role::Measure));
    assert_eq!(
        (of("Song_release_year").role, of("Song_release_year").data_type),
        (Role::Time, DataType::String)
    );
    assert_eq!((of("founded").role, of("founded").data_type), (Role::Time, DataType::Integer));
    assert_eq!(of("Is_male").data_type, DataType::Boolean);
    assert_eq!((of("badge").role, of("note").role), (Role::Dimension, Role::Dimension));
}

#[test]
fn prefixes_that_all_names_share_are_no_words() {
    let schema = schema([
        keyed(
            table(
                "sbCustomer",
                [column("sbCustId", Text), column("sbCustName", Text), column("sbCustCity", Text)],
            ),
            &["sbCustId"],
        ),
        keyed(
            table(
                "sbTransaction",
                [
                    column("sbTxId", Text),
                    column("sbTxCustId", Text),
                    column("sbTxTickerId", Text),
                    column("sbTxQty", Decimal),
                ],
            ),
            &["sbTxId"],
        ),
        keyed(
            table(
                "sbTicker",
                [column("sbTickerId", Text), column("sbTickerName", Text), column("sbTickerType", Text)],
            ),
            &["sbTickerId"],
        ),
    ]);
    let model = infer(&schema);
    assert_eq!(dataset(&model, "sbCustomer").entity.as_ref().unwrap().plural, "customers");
    assert_eq!(field(&model, "sbCustomer", "sbCustCity").synonyms, ["city"]);
    assert_eq!(field(&model, "sbTransaction", "sbTxQty").synonyms, ["quantity"]);
    assert_eq!(dataset(&model, "sbTicker").label_fields, ["sbTickerName"]);
    assert_eq!(
        joins(&model),
        [
            "sbTransaction.sbTxCustId -> sbCustomer.sbCustId?",
            "sbTransaction.sbTxTickerId -> sbTicker.sbTickerId?"
        ]
    );
}

#[test]
fn declared_references_are_kept_and_missing_ones_guessed() {
    let users = keyed(table("users", [integer("uid"), column("username", Text)]), &["uid"]);
    let coupons = keyed(table("coupons", [integer("cid"), column("code", Text)]), &["cid"]);
    let payments = keyed(
        table("payments", [integer("id"), integer("user_id"), integer("coupon_id"), integer("approver")]),
        &["id"],
    );
    let payments = referring(payments, "approver", "users", "");
    let model = infer(&schema([users, coupons, payments]));
    assert_eq!(
        joins(&model),
        [
            "payments.approver -> users.uid",
            "payments.user_id -> users.uid?",
            "payments.coupon_id -> coupons.cid?"
        ]
    );
    assert_eq!(model.relationships[0].role.as_deref(), Some("approver"));
    assert_eq!(model.relationships[1].role, None, "a user is a user");
}

#[test]
fn a_reference_to_a_column_that_is_not_there_is_not_believed() {
    let places = keyed(table("places", [column("city", Text)]), &["city"]);
    let rooms = referring(table("rooms", [integer("place_id")]), "place_id", "places", "place_id");
    assert!(joins(&infer(&schema([places, rooms]))).is_empty());
}

#[test]
fn keys_that_nobody_declared_are_told_by_their_values() {
    let unique = |name: &str| Column {
        profile: Some(ColumnProfile { distinct: Some(100), ..ColumnProfile::default() }),
        ..integer(name)
    };
    let author = table("author", [unique("aid"), column("name", Text)]);
    let writes = table("writes", [integer("aid"), unique("pid")]);
    let paper = table("publication", [unique("pid"), column("title", Text)]);
    let model = infer(&schema([author, writes, paper]));
    assert_eq!(dataset(&model, "author").primary_key, ["aid"]);
    assert!(dataset(&model, "writes").primary_key.is_empty(), "a link is unique in one column by chance");
    assert_eq!(joins(&model), ["writes.aid -> author.aid?", "writes.pid -> publication.pid?"]);
}

#[test]
fn mere_links_are_hidden_and_links_with_something_to_say_are_not() {
    let film = || keyed(table("film", [integer("film_id"), column("title", Text)]), &["film_id"]);
    let actor = || {
        let columns = [integer("actor_id"), column("first_name", Text), column("last_name", Text)];
        keyed(table("actor", columns), &["actor_id"])
    };
    let link = |extra: Option<Column>| {
        let columns = [integer("film_id"), integer("actor_id")].into_iter().chain(extra);
        let link = keyed(table("film_actor", columns), &["film_id", "actor_id"]);
        referring(referring(link, "film_id", "film", ""), "actor_id", "actor", "")
    };
    let model = infer(&schema([film(), actor(), link(None)]));
    assert!(dataset(&model, "film_actor").hidden);
    assert_eq!(dataset(&model, "actor").label_fields, ["first_name", "last_name"]);
    assert_eq!(joins(&model).len(), 2, "nothing is guessed back from the film to its link");
    let model = infer(&schema([film(), actor(), link(Some(column("role_name", Text)))]));
    assert!(!dataset(&model, "film_actor").hidden);
}

#[test]
fn the_time_meant_is_the_moment_the_row_is_about() {
    let times = |names: &[&str]| {
        let columns: Vec<_> = names.iter().map(|name| column(name, Date)).collect();
        infer(&schema([table("invoices", columns)])).datasets[0].default_time.clone().unwrap()
    };
    assert_eq!(times(&["due_date", "updated_at", "created_at"]), "created_at");
    assert_eq!(times(&["created_at", "invoice_date"]), "invoice_date");
    assert_eq!(times(&["end_date", "start_date"]), "start_date");
}

#[test]
fn odd_schemas_give_models_without_complaint() {
    assert_eq!(infer(&Schema::default()), SemanticModel::default());
    let model =
        infer(&schema([table("", []), table("a.b", [integer("")]), table("select x", [integer("1st")])]));
    assert_eq!(model.datasets.len(), 3);
    assert_eq!(model.datasets[1].source, "\"a.b\"");
    assert_eq!(model.check(&schema([])).len(), 3, "they are not in another database");
}
