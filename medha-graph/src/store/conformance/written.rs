//! What checkpoints have written is read by ranges of numbers.

use super::fixture::{collected, key};
use super::suite::{Checked, Suite, id};
use crate::engine::record::Written;

const A: &str = "conformance written";

impl Suite<'_> {
    pub(super) async fn written(&mut self) -> Checked {
        let key = &key(A);
        let nothing = self.saver.written(key, &[(id(1), id(9))]).await?;
        self.expect("a thread that was never run has written nothing", nothing.is_empty());
        self.commit_all(key, (1..=12).map(collected)).await?;
        for (ranges, numbers) in [
            (&[][..], vec![]),
            (&[(1, 1)][..], vec![1]),
            (&[(12, 12)][..], vec![12]),
            (&[(3, 5)][..], vec![3, 4, 5]),
            (&[(1, 2), (5, 6), (11, 40)][..], vec![1, 2, 5, 6, 11, 12]),
            (&[(13, 20)][..], vec![]),
        ] {
            let ranges: Vec<_> = ranges.iter().map(|(from, to)| (id(*from), id(*to))).collect();
            let found = self.saver.written(key, &ranges).await?;
            let expected: Vec<(_, Written)> =
                numbers.into_iter().map(|number| (id(number), collected(number).written)).collect();
            self.expect("ranges of numbers are read ascending, ends included", found == expected);
        }
        self.saver.delete(A).await
    }
}
