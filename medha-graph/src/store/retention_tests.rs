//! Tables of what is forgotten, and a search for plans that forget too much.

use fastrand::Rng;
use std::collections::BTreeMap;

use super::*;
use crate::engine::checkpoint::Line;
use crate::engine::record::{FieldValue, FieldWrite, Json, Origin, StoredField, TaskWrites};
use crate::state::{Storage, WriteMode};
use crate::store::conformance::fixture;

/// A checkpoint with fields that lie in these ranges, called `a`, `b` and so on.
fn checkpoint(id: u64, ranges: &[(u64, u64)]) -> StoredCheckpoint {
    let place = |(index, (base, last)): (usize, &(u64, u64))| StoredField {
        name: name(index),
        storage: Storage::Append,
        base: CheckpointId(*base),
        last: CheckpointId(*last),
        deltas: 0,
        delta_bytes: 0,
        base_bytes: 0,
    };
    StoredCheckpoint { fields: ranges.iter().enumerate().map(place).collect(), ..fixture::bare(id) }
}

fn name(index: usize) -> Name {
    Name::from(["a", "b", "c", "d"][index])
}

fn ids(ids: &[u64]) -> Vec<CheckpointId> {
    ids.iter().copied().map(CheckpointId).collect()
}

#[test]
fn each_rule_keeps_what_it_names_and_the_head_is_always_kept() {
    let mut stored: Vec<StoredCheckpoint> = (1..=6).map(|id| checkpoint(id, &[(id, id)])).collect();
    stored[1].cause = Cause::Input;
    let time = |id: usize| stored[id - 1].saved_at;
    for (retention, forgotten) in [
        (Retention::head(), vec![1, 2, 3, 4, 5]),
        (Retention::last(0), vec![1, 2, 3, 4, 5]),
        (Retention::last(2), vec![1, 2, 3, 4]),
        (Retention::last(9), vec![]),
        (Retention::head().since(time(4)), vec![1, 2, 3]),
        (Retention::head().since(time(6) + 1), vec![1, 2, 3, 4, 5]),
        (Retention::head().inputs(), vec![1, 3, 4, 5]),
        (Retention::last(2).inputs().since(time(4)), vec![1, 3]),
    ] {
        let plan = plan(&retention, &stored, &BTreeSet::new());
        assert_eq!((plan.delete, plan.hollow.len()), (ids(&forgotten), 0), "{retention:?}");
    }
}

#[test]
fn what_a_kept_checkpoint_needs_stays_field_by_field() {
    let stored = [
        checkpoint(1, &[(1, 1), (1, 1)]),
        checkpoint(2, &[(1, 2), (2, 2)]),
        checkpoint(3, &[(1, 3), (2, 2)]),
        checkpoint(4, &[(1, 3), (4, 4)]),
    ];
    let plan = plan(&Retention::head(), &stored, &BTreeSet::new());
    let only_a = BTreeSet::from([name(0)]);
    let expected: Vec<_> = ids(&[1, 2, 3]).into_iter().map(|id| (id, only_a.clone())).collect();
    assert_eq!(plan, Plan { delete: vec![], hollow: expected });
}

#[test]
fn a_checkpoint_outside_the_history_goes_when_nobody_needs_it_any_more() {
    let stored = [
        checkpoint(1, &[(1, 1)]),
        checkpoint(2, &[(1, 2)]),
        checkpoint(3, &[(3, 3)]),
        checkpoint(4, &[(3, 4)]),
    ];
    let hollow = BTreeSet::from([CheckpointId(1)]);
    let keeping = plan(&Retention::last(3), &stored, &hollow);
    assert_eq!(keeping.hollow, [(CheckpointId(1), BTreeSet::from([name(0)]))]);
    let forgetting = plan(&Retention::last(2), &stored, &hollow);
    assert_eq!((forgetting.delete, forgetting.hollow), (ids(&[1, 2]), vec![]));
}

#[test]
fn the_history_of_a_subgraph_run_goes_with_the_superstep_it_belongs_to() {
    let root: Vec<StoredCheckpoint> = (1..=5).map(|id| checkpoint(id, &[(id, id)])).collect();
    let line = root[0].line;
    let of = |line, checkpoint: u64, step| {
        let (run, checkpoint) = (RunId(1), CheckpointId(checkpoint));
        let origin = Some(Origin { line, run, checkpoint, step, position: 0 });
        vec![StoredCheckpoint { origin, ..fixture::bare(1) }]
    };
    let none = BTreeSet::new();
    // Keeping the last two keeps checkpoints 4 and 5, whose steps are 4 and 5.
    for (namespace, child, is_forgotten) in [
        ("sub:2.0", of(line, 1, 2), true),
        ("sub:4.0", of(line, 3, 4), false),
        ("sub:5.0", of(line, 4, 5), false),
        ("sub:6.0", of(line, 5, 6), false),
        ("sub:9.0", of(line, 2, 9), false),
        ("sub:4.0", of(Line(77), 3, 4), true),
        ("sub", of(line, 1, 2), false),
    ] {
        let inner = format!("{namespace}/deep");
        let deep = of(line, 1, 1);
        let histories = [
            StoredHistory { namespace: "", stored: &root, hollow: &none },
            StoredHistory { namespace, stored: &child, hollow: &none },
            StoredHistory { namespace: &inner, stored: &deep, hollow: &none },
        ];
        let plans = plan_thread(&Retention::last(2), &histories);
        let forgotten: Vec<bool> = plans.iter().map(|forget| *forget == Forget::Whole).collect();
        assert_eq!(forgotten, [false, is_forgotten, is_forgotten], "{namespace} {:?}", child[0].origin);
    }
    let alone = of(line, 1, 1);
    let histories = [StoredHistory { namespace: "sub:1.0", stored: &alone, hollow: &none }];
    let plans = plan_thread(&Retention::head(), &histories);
    assert_eq!(
        plans,
        [Forget::Some(Plan::default())],
        "a parent that has stored nothing has forgotten nothing"
    );
}

/// A history as a saver holds it, with what was written.
struct Held {
    stored: Vec<StoredCheckpoint>,
    hollow: BTreeSet<CheckpointId>,
}

impl Held {
    /// Each field is stored whole now and then, sometimes written, sometimes left alone.
    fn random(rng: &mut Rng) -> Self {
        let mut stored: Vec<StoredCheckpoint> = Vec::new();
        let mut places = vec![(1, 1); rng.usize(1..=4)];
        for id in 1..=rng.u64(1..40) {
            let mut written = Written::default();
            for (index, place) in places.iter_mut().enumerate() {
                let json = Json::of(&format!("{}{id}", name(index))).expect("a text is JSON");
                if id == 1 || rng.u8(..10) == 0 {
                    *place = (id, id);
                    written.values.push(FieldValue { field: name(index), json });
                } else if rng.bool() {
                    place.1 = id;
                    let writes = vec![FieldWrite { field: name(index), mode: WriteMode::Reduce, json }];
                    let outcome = StoredOutcome::Done { writes, goto: Vec::new(), timeouts: BTreeMap::new() };
                    let task = "0".repeat(32).parse().expect("32 digits");
                    written.tasks.push(TaskWrites { task, node: "n".into(), outcome });
                }
            }
            let cause = if rng.u8(..6) == 0 { Cause::Input } else { Cause::Superstep };
            stored.push(StoredCheckpoint { cause, written, ..checkpoint(id, &places) });
        }
        Self { stored, hollow: BTreeSet::new() }
    }

    /// The pieces each listed checkpoint is made of.
    fn assembled(&self) -> BTreeMap<CheckpointId, Vec<Vec<String>>> {
        let listed = self.stored.iter().filter(|one| !self.hollow.contains(&one.id));
        listed.map(|one| (one.id, one.fields.iter().map(|field| self.pieces(field)).collect())).collect()
    }

    fn pieces(&self, field: &StoredField) -> Vec<String> {
        let within = self.stored.iter().filter(|one| field.base <= one.id && one.id <= field.last);
        within
            .flat_map(|one| {
                let value = one.written.value_of(&field.name).into_iter();
                value.chain(one.written.writes_to(&field.name).map(|write| &write.json))
            })
            .map(|json| json.get().to_owned())
            .collect()
    }

    fn prune(&mut self, plan: Plan) {
        for (id, fields) in plan.hollow {
            self.hollow.insert(id);
            if let Some(one) = self.stored.iter_mut().find(|one| one.id == id) {
                one.written = hollowed(std::mem::take(&mut one.written), &fields);
            }
        }
        self.stored.retain(|one| !plan.delete.contains(&one.id));
        self.hollow.retain(|id| !plan.delete.contains(id));
    }
}

#[test]
fn no_sequence_of_prunes_takes_anything_from_a_kept_checkpoint() {
    for seed in 0..300 {
        let mut rng = Rng::with_seed(seed);
        let mut held = Held::random(&mut rng);
        for _ in 0..3 {
            let mut retention = Retention::last(rng.usize(0..8));
            if rng.bool() {
                retention = retention.inputs();
            }
            if rng.u8(..4) == 0 {
                retention = retention.since(fixture::bare(rng.u64(1..40)).saved_at);
            }
            let before = held.assembled();
            held.prune(plan(&retention, &held.stored, &held.hollow));
            let after = held.assembled();
            assert!(
                after.contains_key(before.keys().next_back().expect("a head")),
                "seed {seed}: the head is gone"
            );
            for (id, pieces) in &after {
                assert_eq!(Some(pieces), before.get(id), "seed {seed}, checkpoint {id}, {retention:?}");
            }
        }
    }
}
