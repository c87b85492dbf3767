//! What the connector asks of BigQuery, told by a stand-in for its REST interface that notes every request.
//!
//! What an emulator cannot show is shown here: limits and costs, time limits, jobs that work for long, keys.

mod stand_in;

use std::sync::Arc;
use std::time::Duration;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use futures_util::StreamExt as _;
use medha_connectors::{
    BigQueryConnector, ColumnKind, Connector, ConnectorError, Dialect, ForeignKey, Guard, GuardedSql,
    QueryOptions, Schema, Truncation, Value,
};
use serde_json::{Value as Json, json};

use stand_in::{Request, StandIn};

const GIB: u64 = 1 << 30;

fn open(stand_in: &StandIn, options: &[(&str, &str)]) -> BigQueryConnector {
    let mut all = vec![("endpoint".to_owned(), stand_in.endpoint().into())];
    all.extend(options.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())));
    BigQueryConnector::open("bigquery://p1/shop?location=EU", &all.into_iter().collect()).unwrap()
}

fn guarded(sql: &str) -> GuardedSql {
    let column = json!({"name": "n", "declared_type": "INT64", "kind": "integer", "nullable": true, "default": null,
        "comment": null, "profile": null});
    let table = json!({"name": "t", "kind": "table", "comment": null, "columns": [column], "primary_key": [],
        "unique_keys": [], "foreign_keys": [], "indexes": [], "row_count": null});
    let schema: Schema = serde_json::from_value(json!({"tables": [table]})).unwrap();
    let guard = Guard::new(Dialect::BigQuery, Arc::new(schema)).with_namespace("p1.shop");
    guard.check(sql, 100_000).unwrap()
}

fn columns() -> Json {
    json!({"fields": [{"name": "n", "type": "INTEGER", "mode": "NULLABLE"}]})
}

/// What a dry run of a statement that reads so much says.
fn dry_run(bytes: u64) -> Json {
    json!({"status": {"state": "DONE"}, "statistics": {"query": {
        "totalBytesProcessed": bytes.to_string(), "statementType": "SELECT", "schema": columns()}}})
}

fn accepted(request: &Request) -> Json {
    json!({"jobReference": {"projectId": "p1", "jobId": request.job_id(), "location": "EU"}, "status": {"state": "RUNNING"}})
}

fn rows(numbers: std::ops::Range<i64>, token: Option<&str>) -> Json {
    let rows: Vec<Json> = numbers.map(|n| json!({"f": [{"v": n.to_string()}]})).collect();
    let mut page = json!({"jobComplete": true, "schema": columns(), "rows": rows, "totalRows": "10"});
    if let Some(token) = token {
        page["pageToken"] = token.into();
    }
    page
}

/// A statement that reads so much and works without an end.
async fn endless() -> StandIn {
    StandIn::start(|request, _| match request {
        request if request.is_dry_run() => (200, dry_run(1)),
        request if request.is_insert() => (200, accepted(request)),
        request if request.is_cancel() => (200, json!({"job": {}})),
        _ => (200, json!({"jobComplete": false})),
    })
    .await
}

async fn ask(
    connector: &BigQueryConnector,
    options: QueryOptions,
) -> Result<Vec<Vec<Value>>, ConnectorError> {
    Ok(connector.query(&guarded("SELECT n FROM t"), options).await?.collect().await?.rows)
}

#[tokio::test]
async fn a_statement_is_priced_first_and_runs_within_its_limits() {
    let stand_in = StandIn::start(|request, _| match request {
        request if request.is_dry_run() => (200, dry_run(3 * GIB)),
        request if request.is_insert() => (200, accepted(request)),
        _ => (200, rows(0..2, None)),
    })
    .await;
    let connector = open(&stand_in, &[("maximum_bytes_billed", "4 GiB")]);
    let options = QueryOptions { deadline: Duration::from_secs(20), ..QueryOptions::default() };
    assert_eq!(ask(&connector, options).await.unwrap(), [[Value::Integer(0)], [Value::Integer(1)]]);
    let [priced, begun, read] = &stand_in.requests()[..] else { panic!("{:?}", stand_in.requests()) };
    assert!(priced.is_dry_run());
    let configuration = &begun.body["configuration"];
    assert_eq!(configuration["query"]["query"], priced.body["configuration"]["query"]["query"]);
    assert_eq!(configuration["query"]["maximumBytesBilled"], (4 * GIB).to_string());
    assert_eq!(configuration["query"]["useLegacySql"], false);
    assert_eq!(configuration["query"]["defaultDataset"], json!({"projectId": "p1", "datasetId": "shop"}));
    let limit: u64 = configuration["jobTimeoutMs"].as_str().unwrap().parse().unwrap();
    assert!((1..20_000).contains(&limit), "{limit}");
    assert_eq!(begun.body["jobReference"]["location"], "EU");
    assert!(read.path.ends_with(&begun.job_id()));
    assert!(
        read.query.contains("location=EU") && read.query.contains("formatOptions.useInt64Timestamp=true")
    );
}

#[tokio::test]
async fn a_limit_is_set_though_nobody_asked_for_one() {
    let stand_in = endless().await;
    let connector = open(&stand_in, &[]);
    let rows = connector.query(&guarded("SELECT n FROM t"), QueryOptions::default()).await.unwrap();
    let begun = stand_in.request(rows, Request::is_insert).await;
    assert_eq!(begun.body["configuration"]["query"]["maximumBytesBilled"], (10 * GIB).to_string());
}

#[tokio::test]
async fn what_is_too_dear_is_not_begun() {
    let stand_in = StandIn::start(|_, _| (200, dry_run(50 * GIB))).await;
    let connector = open(&stand_in, &[]);
    let error = ask(&connector, QueryOptions::default()).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "the database could not run the query: it would read 50 GiB, and 10 GiB is the limit; ask for fewer columns or for less \
         time, or raise \"maximum_bytes_billed\""
    );
    assert_eq!(stand_in.requests().len(), 1);
    let plan = connector.explain(&guarded("SELECT n FROM t")).await.unwrap();
    assert!(
        plan.starts_with("it would read 50 GiB (53687091200 bytes)\non demand it would be billed as 50 GiB"),
        "{plan}"
    );
    assert!(plan.ends_with("that is over the limit of 10 GiB a statement"), "{plan}");
    assert!(stand_in.requests().iter().all(Request::is_dry_run));
}

#[tokio::test]
async fn what_does_not_only_read_is_not_begun() {
    let stand_in = StandIn::start(|_, _| {
        let mut said = dry_run(0);
        said["statistics"]["query"]["statementType"] = "SCRIPT".into();
        (200, said)
    })
    .await;
    let error = ask(&open(&stand_in, &[]), QueryOptions::default()).await.unwrap_err().to_string();
    assert_eq!(
        error,
        r#"the database could not run the query: only reading is allowed, and this is "SCRIPT""#
    );
    assert_eq!(stand_in.requests().len(), 1);
}

#[tokio::test]
async fn a_stream_that_is_dropped_cancels_its_job() {
    let stand_in = endless().await;
    let connector = open(&stand_in, &[]);
    let rows = connector.query(&guarded("SELECT n FROM t"), QueryOptions::default()).await.unwrap();
    assert!(!stand_in.requests().iter().any(Request::is_insert), "it begins when it is read");
    let begun = stand_in.request(rows, Request::is_insert).await;
    let cancelled = stand_in.wait_for(Request::is_cancel).await;
    assert!(cancelled.path.ends_with(&format!("/jobs/{}/cancel", begun.job_id())), "{}", cancelled.path);
    assert!(cancelled.query.contains("location=EU"), "{}", cancelled.query);
}

#[tokio::test]
async fn a_query_that_is_late_or_cancelled_cancels_its_job() {
    let stand_in = endless().await;
    let connector = open(&stand_in, &[]);
    let options = QueryOptions { deadline: Duration::from_millis(300), ..QueryOptions::default() };
    let error = ask(&connector, options).await.unwrap_err();
    assert!(matches!(error, ConnectorError::Deadline { .. }), "{error}");
    stand_in.wait_for(Request::is_cancel).await;

    let stand_in = endless().await;
    let connector = open(&stand_in, &[]);
    let options = QueryOptions::default();
    let cancel = options.cancel.clone();
    let (answer, ()) = tokio::join!(ask(&connector, options), async {
        stand_in.wait_for(Request::is_page).await;
        cancel.cancel();
    });
    assert!(matches!(answer, Err(ConnectorError::Cancelled)), "{answer:?}");
    stand_in.wait_for(Request::is_cancel).await;
}

/// The job may reach BigQuery after the word that nobody wants it any more.
#[tokio::test]
async fn a_job_that_is_not_there_yet_is_cancelled_when_it_is() {
    let stand_in = StandIn::start(|request, before| match request {
        request if request.is_dry_run() => (200, dry_run(1)),
        request if request.is_cancel() && before.iter().filter(|request| request.is_cancel()).count() < 2 => {
            (404, json!({"error": {"code": 404, "message": "Not found: Job", "status": "NOT_FOUND"}}))
        }
        request if request.is_cancel() => (200, json!({"job": {}})),
        request if request.is_insert() => (200, accepted(request)),
        _ => (200, json!({"jobComplete": false})),
    })
    .await;
    let connector = open(&stand_in, &[]);
    let rows = connector.query(&guarded("SELECT n FROM t"), QueryOptions::default()).await.unwrap();
    stand_in.request(rows, Request::is_insert).await;
    stand_in.wait_until(|requests| requests.iter().filter(|request| request.is_cancel()).count() == 3).await;
}

#[tokio::test]
async fn a_job_at_its_end_is_not_cancelled() {
    let stand_in = StandIn::start(|request, _| match request {
        request if request.is_dry_run() => (200, dry_run(1)),
        request if request.is_insert() => (200, accepted(request)),
        request if request.query.contains("pageToken=more") => (200, rows(2..4, None)),
        _ => (200, rows(0..2, Some("more"))),
    })
    .await;
    let connector = open(&stand_in, &[]);
    let mut rows = connector.query(&guarded("SELECT n FROM t"), QueryOptions::default()).await.unwrap();
    assert_eq!(rows.next().await.unwrap().unwrap(), [Value::Integer(0)]);
    drop(rows);
    assert_eq!(ask(&connector, QueryOptions::default()).await.unwrap().len(), 4);
    // The name of a job is never the name of another.
    let requests = stand_in.requests();
    let names: Vec<String> =
        requests.iter().filter(|request| request.is_insert()).map(Request::job_id).collect();
    assert_ne!(names[0], names[1]);
    assert!(!requests.iter().any(Request::is_cancel));
}

#[tokio::test]
async fn no_more_rows_are_asked_for_than_are_wanted() {
    let stand_in = StandIn::start(|request, _| match request {
        request if request.is_dry_run() => (200, dry_run(1)),
        request if request.is_insert() => (200, accepted(request)),
        request if request.query.contains("pageToken=more") => (200, rows(2..4, Some("again"))),
        _ => (200, rows(0..2, Some("more"))),
    })
    .await;
    let options = QueryOptions { max_rows: 3, ..QueryOptions::default() };
    let connector = open(&stand_in, &[]);
    let answer =
        connector.query(&guarded("SELECT n FROM t"), options).await.unwrap().collect().await.unwrap();
    assert_eq!((answer.rows.len(), answer.truncated), (3, Some(Truncation::Rows)));
    let pages: Vec<String> =
        stand_in.requests().into_iter().filter(Request::is_page).map(|request| request.query).collect();
    assert_eq!(pages.len(), 2, "{pages:?}");
    assert!(pages[0].contains("maxResults=4") && pages[1].contains("maxResults=2"), "{pages:?}");
}

#[tokio::test]
async fn an_error_is_an_error_however_it_comes() {
    let answered = |what: &'static str| {
        StandIn::start(move |request, _| match (what, request) {
            (_, request) if request.is_dry_run() => (200, dry_run(1)),
            (_, request) if request.is_cancel() => (200, json!({"job": {}})),
            ("job", request) if request.is_insert() => {
                let result = json!({"reason": "invalidQuery", "message": "division by zero: 1 / 0"});
                (200, json!({"status": {"state": "DONE", "errorResult": result}}))
            }
            ("limit", request) if request.is_insert() => (
                400,
                json!({"error": {"code": 400, "status": "INVALID_ARGUMENT",
                "message": "Query exceeded limit for bytes billed: 1. 10485760 or higher required."}}),
            ),
            ("forbidden", request) if request.is_insert() => (
                403,
                json!({"error": {"code": 403,
                "status": "PERMISSION_DENIED", "message": "no bigquery.jobs.create in p1"}}),
            ),
            ("credentials", request) if request.is_insert() => (401, json!({})),
            (_, request) if request.is_insert() => (200, accepted(request)),
            ("page", _) => {
                (200, json!({"jobComplete": true, "errors": [{"reason": "invalid", "message": "bad cast"}]}))
            }
            ("late", _) => (
                200,
                json!({"jobComplete": true, "errors": [{"reason": "stopped", "message": "Job timed out"}]}),
            ),
            ("warning", _) => {
                let mut page = rows(0..2, None);
                page["errors"] = json!([{"reason": "stale", "message": "a warning"}]);
                (200, page)
            }
            _ => (200, json!({"jobComplete": true, "rows": [{"f": []}]})),
        })
    };
    for (what, expected) in [
        ("job", "the database could not run the query: division by zero: 1 / 0"),
        ("page", "the database could not run the query: bad cast"),
        ("late", "the query was stopped after 30s; ask for less or raise the deadline"),
        (
            "limit",
            "the database could not run the query: Query exceeded limit for bytes billed: 1. 10485760 or higher required.; raise \
             \"maximum_bytes_billed\"",
        ),
        (
            "forbidden",
            "cannot open \"bigquery://p1/shop\": it does not allow that (no bigquery.jobs.create in p1); check the roles of the \
             account",
        ),
        (
            "credentials",
            "cannot open \"bigquery://p1/shop\": it did not accept the credentials (HTTP status 401)",
        ),
        (
            "strange",
            "the database could not run the query: its answer is not as expected of BigQuery (a row of other columns)",
        ),
    ] {
        let stand_in = answered(what).await;
        let error = ask(&open(&stand_in, &[]), QueryOptions::default()).await.unwrap_err().to_string();
        assert_eq!(error, expected, "{what}");
        // Whose time limit it was that stopped a job is not known, so one that was late is cancelled to be sure.
        let is_cancelled = stand_in.requests().iter().any(Request::is_cancel);
        assert!(what == "late" || !is_cancelled, "{what}: there is nothing to cancel");
    }
    let stand_in = answered("warning").await;
    assert_eq!(
        ask(&open(&stand_in, &[]), QueryOptions::default()).await.unwrap().len(),
        2,
        "a warning is no error"
    );
}

#[tokio::test]
async fn where_nobody_answers_the_way_out_is_said() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let options = [("endpoint".to_owned(), format!("http://{nobody}").into())];
    let connector = BigQueryConnector::open("bigquery://p1/shop", &options.into()).unwrap();
    let error = connector.ping().await.unwrap_err().to_string();
    assert!(error.starts_with("cannot open \"bigquery://p1/shop\": it could not be reached ("), "{error}");
    assert!(error.ends_with("check the network and the option \"endpoint\""), "{error}");
}

/// The key was made for this test and opens nothing. It signs what is shown to BigQuery, and goes nowhere itself.
#[tokio::test]
async fn a_service_account_signs_what_it_shows() {
    let stand_in = StandIn::start(|_, _| (200, json!({"tables": []}))).await;
    let key = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/bigquery/service_account.json");
    for credentials in [key.to_owned(), std::fs::read_to_string(key).unwrap()] {
        open(&stand_in, &[("credentials", &credentials)]).ping().await.unwrap();
    }
    open(&stand_in, &[]).ping().await.unwrap();
    let shown: Vec<String> = stand_in.requests().into_iter().map(|request| request.authorization).collect();
    for token in &shown[..2] {
        let [_, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
        let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap();
        let claims: Json = serde_json::from_slice(&claims).unwrap();
        assert!(token.starts_with("Bearer "));
        assert_eq!(claims["iss"], "reader@p1.iam.gserviceaccount.com");
        assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap().len(), 256);
    }
    assert_eq!(shown[2], "", "nobody's credentials are nothing to show");
}

/// An attempt whose answer was lost has begun the job; the second one is told that it is there.
#[tokio::test]
async fn a_job_that_is_there_already_is_ours() {
    let stand_in = StandIn::start(|request, before| match request {
        request if request.is_dry_run() => (200, dry_run(1)),
        request if request.is_insert() && before.iter().any(Request::is_insert) => (
            409,
            json!({"error": {"code": 409, "message": "Already Exists: Job", "status": "ALREADY_EXISTS"}}),
        ),
        request if request.is_insert() => {
            (503, json!({"error": {"code": 503, "message": "try later", "status": "UNAVAILABLE"}}))
        }
        _ => (200, rows(0..2, None)),
    })
    .await;
    assert_eq!(ask(&open(&stand_in, &[]), QueryOptions::default()).await.unwrap().len(), 2);
    let requests = stand_in.requests();
    let names: Vec<String> =
        requests.iter().filter(|request| request.is_insert()).map(Request::job_id).collect();
    assert_eq!(names.len(), 2);
    assert_eq!(names[0], names[1]);
}

/// A dataset of a table with everything, a view and one that is gone by the time it is asked about.
async fn dataset() -> StandIn {
    let name =
        |table: &str| json!({"tableReference": {"projectId": "p1", "datasetId": "shop", "tableId": table}});
    StandIn::start(move |request, _| match request.path.rsplit('/').next().unwrap_or_default() {
        "tables" if request.query.contains("pageToken=2") => (200, json!({"tables": [name("gone"), name("recent")]})),
        "tables" => (200, json!({"tables": [name("orders")], "nextPageToken": "2"})),
        "orders" => {
            let mut table = name("orders");
            table["type"] = "TABLE".into();
            table["numRows"] = "1200".into();
            table["description"] = "what was sold".into();
            table["timePartitioning"] = json!({"type": "DAY", "field": "day"});
            table["clustering"] = json!({"fields": ["customer", "day"]});
            table["schema"] = json!({"fields": [
                {"name": "id", "type": "INTEGER", "mode": "REQUIRED", "description": "its number"},
                {"name": "customer", "type": "INTEGER", "mode": "NULLABLE"},
                {"name": "day", "type": "DATE", "mode": "NULLABLE", "defaultValueExpression": "CURRENT_DATE()"},
                {"name": "total", "type": "NUMERIC", "mode": "NULLABLE", "precision": "10", "scale": "2"},
                {"name": "lines", "type": "RECORD", "mode": "REPEATED", "fields": [
                    {"name": "sku", "type": "STRING", "mode": "NULLABLE"}]},
            ]});
            table["tableConstraints"] = json!({"primaryKey": {"columns": ["id"]}, "foreignKeys": [
                {"name": "a", "referencedTable": {"projectId": "p1", "datasetId": "shop", "tableId": "customers"},
                 "columnReferences": [{"referencingColumn": "customer", "referencedColumn": "id"}]},
                {"name": "b", "referencedTable": {"projectId": "p1", "datasetId": "other", "tableId": "elsewhere"},
                 "columnReferences": [{"referencingColumn": "customer", "referencedColumn": "id"}]},
            ]});
            (200, table)
        }
        "recent" => {
            let mut view = name("recent");
            view["type"] = "VIEW".into();
            view["numRows"] = "0".into();
            view["schema"] = json!({"fields": [{"name": "id", "type": "INTEGER", "mode": "NULLABLE"}]});
            (200, view)
        }
        "gone" => (404, json!({"error": {"code": 404, "message": "Not found: Table", "status": "NOT_FOUND"}})),
        "jobs" if request.is_dry_run() => {
            let sql = request.sql();
            let mut said = dry_run(if sql.contains("`orders`") { 200 << 20 } else { 11 << 20 });
            let names = sql.matches(" AS ").map(|_| json!({"name": "c", "type": "STRING", "mode": "NULLABLE"}));
            said["statistics"]["query"]["schema"]["fields"] = names.collect();
            (200, said)
        }
        "jobs" => (400, json!({"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT"}})),
        _ => (500, json!({})),
    })
    .await
}

#[tokio::test]
async fn a_dataset_is_described_with_its_keys_and_how_it_is_arranged() {
    let stand_in = dataset().await;
    let schema = open(&stand_in, &[("profile_bytes", "0")]).schema().await.unwrap();
    let names: Vec<&str> = schema.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["orders", "recent"]);
    let orders = &schema.tables[0];
    assert_eq!((orders.row_count, orders.comment.as_deref()), (Some(1_200), Some("what was sold")));
    assert_eq!(orders.primary_key, ["id"]);
    let key = |text: &str| vec![text.to_owned()];
    let to_customers = ForeignKey {
        columns: key("customer"),
        references: "customers".to_owned(),
        referenced_columns: key("id"),
    };
    assert_eq!(orders.foreign_keys, [to_customers]);
    let arranged: Vec<(String, usize)> =
        orders.indexes.iter().map(|index| (index.name.clone(), index.columns.len())).collect();
    assert_eq!(arranged, [("partition".to_owned(), 1), ("cluster".to_owned(), 2)]);
    assert_eq!(orders.partitioned_by.as_deref(), Some("day"));
    assert_eq!(orders.columns[0].comment.as_deref(), Some("its number"));
    assert_eq!(orders.columns[2].default.as_deref(), Some("CURRENT_DATE()"));
    assert_eq!(
        (orders.columns[3].declared_type.as_str(), orders.columns[3].kind),
        ("NUMERIC(10, 2)", ColumnKind::Decimal)
    );
    assert_eq!(orders.columns[4].declared_type, "ARRAY<STRUCT<sku STRING>>");
    assert_eq!(schema.tables[1].row_count, None, "a view has no rows of its own");
    assert!(!stand_in.requests().iter().any(|request| request.path.ends_with("/jobs")), "describing is free");
}

#[tokio::test]
async fn looking_at_values_keeps_to_its_budget() {
    let begun = async |budget: &str| {
        let stand_in = dataset().await;
        open(&stand_in, &[("profile_bytes", budget)]).schema().await.unwrap();
        let requests = stand_in.requests();
        let begun = requests.iter().filter(|request| request.is_insert());
        let limit = |request: &Request| request.body["configuration"]["query"]["maximumBytesBilled"].clone();
        let mut begun: Vec<Json> = begun.map(limit).collect();
        begun.sort_by_key(ToString::to_string);
        begun
    };
    let (view, table) = (((11 << 20) as u64).to_string(), ((200 << 20) as u64).to_string());
    assert_eq!(begun("10 MiB").await, Vec::<Json>::new());
    assert_eq!(begun("200 MiB").await, [json!(view)], "the smallest first");
    assert_eq!(begun("256 MiB").await, [json!(view), json!(table)]);
}
