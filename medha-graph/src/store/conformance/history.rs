//! History: newest first, and what it can be asked for.

use serde_json::{Value, json};

use super::fixture::{collected, key};
use super::suite::{Checked, Suite, id};
use crate::engine::checkpoint::RunId;
use crate::engine::record::{Cause, StoredCheckpoint, Written};
use crate::store::checkpointer::HistoryQuery;

const A: &str = "conformance history";

impl Suite<'_> {
    pub(super) async fn history(&mut self) -> Checked {
        let key = &key(A);
        self.commit_all(key, (1..=23).map(collected)).await?;
        let all = self.saver.history(key, &HistoryQuery::default()).await?;
        let bare = |one: StoredCheckpoint| StoredCheckpoint { written: Written::default(), ..one };
        let is_same = all.into_iter().map(bare).eq((1..=23).rev().map(|number| bare(collected(number))));
        self.expect("history is newest first and complete", is_same);

        let user = |user: &str| HistoryQuery::default().with_metadata("user", user);
        let meta = |name: &str, value: Value| HistoryQuery::default().with_metadata(name, value);
        let queries = [
            ("history stops at its limit", HistoryQuery::last(2)),
            ("a limit of 0 finds nothing", HistoryQuery::last(0)),
            ("a limit beyond the first checkpoint finds all", HistoryQuery::last(100)),
            ("history begins before the given checkpoint", HistoryQuery::default().before(id(4))),
            ("nothing is before the first", HistoryQuery::default().before(id(1))),
            ("before and limit go together", HistoryQuery::last(3).before(id(20))),
            ("history can be asked for a cause", HistoryQuery::default().with_cause(Cause::Input)),
            ("a cause that does not occur finds nothing", HistoryQuery::default().with_cause(Cause::Fork)),
            ("history can be asked for a run", HistoryQuery::default().of_run(RunId(2))),
            ("history can be asked for metadata", user("u1")),
            ("a value that does not occur finds nothing", user("u")),
            ("a key that does not occur finds nothing", meta("User", json!("u1"))),
            ("a key is asked for, not a text", meta("x", json!("u1\",\"user\":\"u1"))),
            ("numbers are not texts", meta("turn", json!("2"))),
            ("a number is found", meta("turn", json!(2))),
            ("a number is found whole", meta("turn", json!(22))),
            ("whole numbers are not fractions", meta("turn", json!(2.0))),
            ("a container is found", meta("tags", json!({"a": ["x", null], "b": 3}))),
            ("a part of a container is not enough", meta("tags", json!({"b": 3}))),
            ("null is a value like others", meta("missing", Value::Null)),
            ("two keys must both fit", user("u0").with_metadata("turn", 2)),
            ("two keys that exclude each other find nothing", user("u1").with_metadata("turn", 2)),
            ("the limit counts what was found", HistoryQuery { limit: Some(3), ..user("u1") }),
            (
                "all conditions go together",
                HistoryQuery { limit: Some(1), ..user("u0") }
                    .with_metadata("turn", 2)
                    .with_cause(Cause::Superstep)
                    .of_run(RunId(2))
                    .before(id(15)),
            ),
        ];
        for (promise, query) in queries {
            let expected = (1..=23).rev().map(collected).filter(|one| query.matches(one)).map(|one| one.id.0);
            let expected: Vec<u64> = expected.take(query.limit.unwrap_or(usize::MAX)).collect();
            let found = self.ids(key, &query).await?;
            self.expect(promise, found == expected);
        }
        self.saver.delete(A).await
    }
}
