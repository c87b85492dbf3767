//! Names of threads and of histories in them; deletion.

use super::fixture::{bare, collected, effect, full, head_ref, key, progress};
use super::suite::{Checked, Suite};
use crate::engine::record::StoredCheckpoint;
use crate::store::checkpointer::HistoryQuery;
use crate::store::key::ThreadKey;

impl Suite<'_> {
    pub(super) async fn threads(&mut self) -> Checked {
        self.names().await?;
        self.namespaces().await?;
        self.deletion().await
    }

    /// Names that some database takes for one another, in ascending order of their bytes.
    async fn names(&mut self) -> Checked {
        let long = "x".repeat(600);
        let names = [
            "conformance name".to_owned(),
            "conformance name ".to_owned(),
            "conformance name\u{0}".to_owned(),
            "conformance name%".to_owned(),
            "conformance name'".to_owned(),
            "conformance nameA".to_owned(),
            "conformance name_".to_owned(),
            "conformance namea".to_owned(),
            "conformance namea\u{308}".to_owned(),
            format!("conformance name{long}"),
            format!("conformance name{long}y"),
            "conformance name\u{E4}".to_owned(),
            "conformance name\u{1F600}".to_owned(),
        ];
        let sorted = {
            let mut sorted = names.to_vec();
            sorted.sort_unstable();
            sorted
        };
        for (number, name) in (1..).zip(&sorted) {
            self.saver.commit(&key(name), None, StoredCheckpoint { step: number, ..bare(1) }).await?;
        }
        for (number, name) in (1..).zip(&sorted) {
            let step = self.saver.load(&key(name), None).await?.map(|head| head.checkpoint.step);
            self.expect("names that differ in any byte name different threads", step == Some(number));
        }
        let is_ours = |name: &String| name.starts_with("conformance name");
        let all = self.saver.threads(Some("conformance nam"), 100).await?;
        let all: Vec<String> = all.into_iter().filter(is_ours).collect();
        self.expect("threads are listed in ascending order of their bytes", all == sorted);
        let mut paged: Vec<String> = Vec::new();
        let mut after = "conformance nam".to_owned();
        loop {
            let page = self.saver.threads(Some(&after), 4).await?;
            self.expect("a page of threads is no longer than asked", page.len() <= 4);
            let Some(last) = page.last() else { break };
            after.clone_from(last);
            let count = page.len();
            paged.extend(page.into_iter().filter(is_ours));
            if count < 4 || !is_ours(&after) {
                break;
            }
        }
        self.expect("pages of threads leave nothing out and repeat nothing", paged == sorted);
        self.expect("no page has no threads", self.saver.threads(None, 0).await?.is_empty());
        for name in &sorted {
            self.saver.delete(name).await?;
        }
        Ok(())
    }

    async fn namespaces(&mut self) -> Checked {
        let thread = "conformance spaces";
        let empty = self.saver.namespaces(thread).await?;
        self.expect("a thread that was never run has no histories", empty.is_empty());
        let keys = ["", "sub", "sub/deep:2.1", "sub:1.0"].map(|namespace| ThreadKey::new(thread, namespace));
        for (number, key) in (1..).zip(&keys) {
            self.commit_all(key, (1..=number).map(bare)).await?;
        }
        self.saver.save_progress(&keys[1], head_ref(2), progress(1)).await?;
        self.saver.save_effect(&keys[1], effect(9, 0, "pay")).await?;
        for (number, key) in (1..).zip(&keys) {
            let found = self.ids(key, &HistoryQuery::default()).await?;
            self.expect("histories of one thread are apart", found.len() == number);
            let head = self.saver.load(key, None).await?;
            let has_more =
                head.is_some_and(|head| !head.progress.tasks.is_empty() || !head.effects.is_empty());
            self.expect("progress and effects belong to one history", has_more == (number == 2));
        }
        self.expect(
            "the histories of a thread are listed in ascending order",
            self.saver.namespaces(thread).await? == keys,
        );
        let names = self.saver.threads(Some("conformance space"), 2).await?;
        let count = names.iter().filter(|name| *name == thread).count();
        self.expect("a thread with several histories is listed once", count == 1);
        self.saver.delete(thread).await
    }

    async fn deletion(&mut self) -> Checked {
        let (gone, other) = ("conformance gone", "conformance gone too");
        self.saver.delete(gone).await?;
        for thread in [gone, other] {
            for namespace in ["", "sub:1.0"] {
                let key = ThreadKey::new(thread, namespace);
                let head = self.commit_all(&key, (1..=3).map(full)).await?;
                self.saver.save_effect(&key, effect(9, 0, "pay")).await?;
                if let Some(head) = head {
                    self.saver.save_progress(&key, head, progress(1)).await?;
                }
            }
        }
        self.saver.delete(gone).await?;
        for namespace in ["", "sub:1.0"] {
            let key = ThreadKey::new(gone, namespace);
            let is_gone = self.saver.load(&key, None).await?.is_none()
                && self.ids(&key, &HistoryQuery::default()).await?.is_empty()
                && self.saver.written(&key, &[(bare(1).id, bare(9).id)]).await?.is_empty();
            self.expect("a deleted thread is gone with all its histories", is_gone);
            let left = self.saver.load(&ThreadKey::new(other, namespace), None).await?;
            let is_left = left
                .is_some_and(|left| left.progress == progress(1) && left.effects == [effect(9, 0, "pay")]);
            self.expect("deleting a thread leaves the others", is_left);
        }
        self.expect("a deleted thread has no histories", self.saver.namespaces(gone).await?.is_empty());
        self.commit_all(&key(gone), [collected(1)]).await?;
        let found = self.ids(&key(gone), &HistoryQuery::default()).await?;
        self.expect("a thread of the same name begins anew", found == [1]);
        self.saver.delete(gone).await?;
        self.saver.delete(other).await
    }
}
