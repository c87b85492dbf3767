//! Whole threads: listing, copying, pruning, deleting.

use std::collections::BTreeSet;

use medha_graph::store::retention::{Forget, Plan, Pruned, Retention, StoredHistory, hollowed, plan_thread};
use medha_graph::store::{Line, Operation, StoredCheckpoint, ThreadKey, Written};
use medha_graph::{CheckpointError, CheckpointId};
use sea_orm::{ConnectionTrait, DatabaseTransaction, Value};

use super::database::{Database, Failed, is_duplicate, until_kept};
use super::rows::{bits, bytes, count, names, text};

/// Numbers in one statement that deletes.
const CHUNK: usize = 500;
/// Checkpoints first: whoever commits to a thread that is being deleted finds its head gone.
const TABLES: [&str; 3] = ["medha_checkpoint", "medha_progress", "medha_effect"];

pub(super) async fn namespaces(database: &Database, thread: &str) -> Result<Vec<ThreadKey>, CheckpointError> {
    let key = ThreadKey::root(thread);
    let mut found = BTreeSet::new();
    for table in [TABLES[0], TABLES[2]] {
        let sql = format!("SELECT DISTINCT namespace FROM {table} WHERE thread = ?");
        found.extend(listed(database, &key, &sql, vec![bytes(thread)]).await?);
    }
    Ok(found.into_iter().map(|namespace| ThreadKey::new(thread, namespace)).collect())
}

pub(super) async fn threads(
    database: &Database,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<String>, CheckpointError> {
    let key = ThreadKey::root("*");
    let limit_of_sql = i64::try_from(limit).unwrap_or(i64::MAX);
    let (condition, values) = match after {
        Some(after) => ("WHERE thread > ?", vec![bytes(after)]),
        None => ("", Vec::new()),
    };
    let mut found = BTreeSet::new();
    for table in [TABLES[0], TABLES[2]] {
        let sql =
            format!("SELECT DISTINCT thread FROM {table} {condition} ORDER BY thread LIMIT {limit_of_sql}");
        found.extend(listed(database, &key, &sql, values.clone()).await?);
    }
    Ok(found.into_iter().take(limit).collect())
}

/// The names in the first column.
async fn listed(
    database: &Database,
    key: &ThreadKey,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<String>, CheckpointError> {
    let rows = database.read(database.sql(sql, values)).await;
    let rows = rows.map_err(|error| CheckpointError::storage(key, Operation::Load, error))?;
    let reader = database.reader_of(key);
    rows.iter().map(|row| reader.utf8(reader.get(row, 0)?)).collect()
}

pub(super) async fn copy(
    database: &Database,
    from: &str,
    to: &str,
    salt: Line,
) -> Result<(), CheckpointError> {
    let key = ThreadKey::root(to);
    database.check(&key, 0)?;
    let is_done = until_kept!(copy_once(database, from, to, salt))
        .map_err(|failed: Failed| failed.into_error(&key, Operation::Save))?;
    if is_done {
        return Ok(());
    }
    let first = namespaces(database, to).await?.into_iter().next().unwrap_or(key);
    Err(CheckpointError::conflict(&first, None, database.head_ref(&first).await?))
}

/// Whether there was no such thread yet.
async fn copy_once(database: &Database, from: &str, to: &str, salt: Line) -> Result<bool, Failed> {
    let transaction = database.begin().await?;
    for table in TABLES {
        let sql = format!("SELECT 1 FROM {table} WHERE thread = ? LIMIT 1");
        if transaction.query_one_raw(database.sql(&sql, vec![bytes(to)])).await?.is_some() {
            transaction.rollback().await?;
            return Ok(false);
        }
    }
    let dialect = &database.dialect;
    let (line, salted) = (dialect.xor("line"), dialect.xor("salt"));
    let target = bytes(to);
    let source = bytes(from);
    let salt = bits(salt.0);
    for (columns, values, parameters) in [
        (
            "medha_checkpoint (thread, namespace, id, line, step, run, cause, saved_at, hollow, salt, metadata, record,
             written)",
            format!(
                "namespace, id, {line}, step, run, cause, saved_at, hollow, {salted}, metadata, record, written
                 FROM medha_checkpoint"
            ),
            4,
        ),
        (
            "medha_progress (thread, namespace, head, line, revision, progress)",
            format!("namespace, head, {line}, revision, progress FROM medha_progress"),
            2,
        ),
        (
            "medha_effect (thread, namespace, line, step, place, digest, name, result)",
            format!("namespace, {line}, step, place, digest, name, result FROM medha_effect"),
            2,
        ),
    ] {
        let sql = format!("INSERT INTO {columns} SELECT ?, {values} WHERE thread = ?");
        let mut all = vec![target.clone()];
        all.extend(std::iter::repeat_n(salt.clone(), parameters));
        all.push(source.clone());
        match transaction.execute_raw(database.sql(&sql, all)).await {
            Ok(_) => {}
            Err(error) if is_duplicate(&error) => {
                transaction.rollback().await?;
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        }
    }
    transaction.commit().await?;
    Ok(true)
}

pub(super) async fn delete(database: &Database, thread: &str) -> Result<(), CheckpointError> {
    let deleted: Result<(), Failed> = until_kept!(delete_once(database, thread));
    deleted.map_err(|failed| failed.into_error(&ThreadKey::root(thread), Operation::Delete))
}

async fn delete_once(database: &Database, thread: &str) -> Result<(), Failed> {
    let transaction = database.begin().await?;
    for table in TABLES {
        let sql = format!("DELETE FROM {table} WHERE thread = ?");
        // A commit that was under way when the deletion began has held its head, and is seen now.
        while transaction.execute_raw(database.sql(&sql, vec![bytes(thread)])).await?.rows_affected() > 0 {}
    }
    transaction.commit().await?;
    Ok(())
}

pub(super) async fn prune(
    database: &Database,
    thread: &str,
    retention: &Retention,
) -> Result<Pruned, CheckpointError> {
    let pruned: Result<Pruned, Failed> = until_kept!(prune_once(database, thread, retention));
    pruned.map_err(|failed| failed.into_error(&ThreadKey::root(thread), Operation::Delete))
}

/// One history, as a plan needs it.
struct Held {
    key: ThreadKey,
    stored: Vec<StoredCheckpoint>,
    hollow: BTreeSet<CheckpointId>,
}

async fn prune_once(database: &Database, thread: &str, retention: &Retention) -> Result<Pruned, Failed> {
    let transaction = database.begin().await?;
    let mut histories = Vec::new();
    for key in namespaces_within(database, &transaction, thread).await? {
        histories.push(held(database, &transaction, key).await?);
    }
    let views: Vec<StoredHistory<'_>> = histories
        .iter()
        .map(|Held { key, stored, hollow }| StoredHistory { namespace: key.namespace(), stored, hollow })
        .collect();
    let mut sum = Pruned::default();
    for (history, forget) in histories.iter().zip(plan_thread(retention, &views)) {
        match forget {
            Forget::Whole => {
                for table in TABLES {
                    let sql = format!("DELETE FROM {table} WHERE thread = ? AND namespace = ?");
                    transaction.execute_raw(database.sql(&sql, names(&history.key).into())).await?;
                }
                sum.checkpoints += history.stored.len() - history.hollow.len();
            }
            Forget::Some(plan) => {
                let leaving = plan.delete.iter().chain(plan.hollow.iter().map(|(id, _)| id));
                sum.checkpoints += leaving.filter(|id| !history.hollow.contains(id)).count();
                sum.still_needed += plan.hollow.len();
                carry_out(database, &transaction, history, plan).await?;
            }
        }
    }
    transaction.commit().await?;
    Ok(sum)
}

async fn namespaces_within(
    database: &Database,
    transaction: &DatabaseTransaction,
    thread: &str,
) -> Result<Vec<ThreadKey>, Failed> {
    let key = ThreadKey::root(thread);
    let reader = database.reader_of(&key);
    let mut found = BTreeSet::new();
    for table in [TABLES[0], TABLES[2]] {
        let sql = format!("SELECT DISTINCT namespace FROM {table} WHERE thread = ?");
        for row in transaction.query_all_raw(database.sql(&sql, vec![bytes(thread)])).await? {
            found.insert(reader.utf8(reader.get(&row, 0)?)?);
        }
    }
    Ok(found.into_iter().map(|namespace| ThreadKey::new(thread, namespace)).collect())
}

async fn held(
    database: &Database,
    transaction: &DatabaseTransaction,
    key: ThreadKey,
) -> Result<Held, Failed> {
    let sql = format!(
        "SELECT id, line, salt, {}, {}, hollow FROM medha_checkpoint WHERE thread = ? AND namespace = ? ORDER BY id",
        database.dialect.capped("metadata", database.limit),
        database.dialect.capped("record", database.limit)
    );
    let rows = transaction.query_all_raw(database.sql(&sql, names(&key).into())).await?;
    let reader = database.reader_of(&key);
    let (mut stored, mut hollow) = (Vec::with_capacity(rows.len()), BTreeSet::new());
    for row in &rows {
        let checkpoint = reader.record(row)?;
        if reader.get::<i16>(row, 7)? != 0 {
            hollow.insert(checkpoint.id);
        }
        stored.push(checkpoint);
    }
    Ok(Held { key, stored, hollow })
}

async fn carry_out(
    database: &Database,
    transaction: &DatabaseTransaction,
    history: &Held,
    plan: Plan,
) -> Result<(), Failed> {
    let key = &history.key;
    let reader = database.reader_of(key);
    for (id, fields) in plan.hollow {
        let column = database.dialect.capped("written", database.limit);
        let sql = format!(
            "SELECT id, {column} FROM medha_checkpoint WHERE thread = ? AND namespace = ? AND id = ?"
        );
        let values = names(key).into_iter().chain([count(id.0)]).collect();
        let Some(row) = transaction.query_one_raw(database.sql(&sql, values)).await? else { continue };
        let before: Written = reader.parsed(&row, 1)?;
        let after = hollowed(before.clone(), &fields);
        if after == before && history.hollow.contains(&id) {
            continue;
        }
        let json = serde_json::to_string(&after)
            .map_err(|error| CheckpointError::storage(key, Operation::Delete, error))?;
        let sql = "UPDATE medha_checkpoint SET written = ?, hollow = 1 WHERE thread = ? AND namespace = ? AND id = ?";
        let values = [text(json)].into_iter().chain(names(key)).chain([count(id.0)]).collect();
        transaction.execute_raw(database.sql(sql, values)).await?;
    }
    for chunk in plan.delete.chunks(CHUNK) {
        let ids: Vec<String> = chunk.iter().map(CheckpointId::to_string).collect();
        let sql = format!(
            "DELETE FROM medha_checkpoint WHERE thread = ? AND namespace = ? AND id IN ({})",
            ids.join(", ")
        );
        transaction.execute_raw(database.sql(&sql, names(key).into())).await?;
    }
    let Some(head) = history.stored.last() else { return Ok(()) };
    let sql = "DELETE FROM medha_progress WHERE thread = ? AND namespace = ? AND head < ?";
    let values = names(key).into_iter().chain([count(head.id.0)]).collect();
    transaction.execute_raw(database.sql(sql, values)).await?;
    // Only the steps before the oldest checkpoint of the history can never be asked for again.
    let sql = "DELETE FROM medha_effect WHERE thread = ? AND namespace = ? AND step <= (SELECT MIN(step) FROM
               medha_checkpoint WHERE thread = ? AND namespace = ? AND hollow = 0)";
    let values = names(key).into_iter().chain(names(key)).collect();
    transaction.execute_raw(database.sql(sql, values)).await?;
    Ok(())
}
