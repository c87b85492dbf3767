//! A hotel reads all its reviews at once, one task a review, and sums up what they say.
//!
//! Run it with `cargo run --example fan_out`. How many tasks there are is known when the graph runs: `fan_out` starts one
//! for each payload. At most two of them run at a time here; a review that cannot be read goes over an error edge of its
//! own and holds up nobody.

use std::collections::BTreeMap;

use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Reviews {
    /// As they come in, all in one text.
    mailbox: String,
    #[state(append)]
    stars: Vec<u32>,
    #[state(with = count)]
    topics: BTreeMap<String, u32>,
    #[state(append)]
    unread: Vec<String>,
    report: String,
}

/// A reducer of our own: counts are added up by topic.
fn count(all: &mut BTreeMap<String, u32>, some: BTreeMap<String, u32>) {
    for (topic, times) in some {
        *all.entry(topic).or_default() += times;
    }
}

/// The payload of one task: a node takes it besides the state, or instead of it.
#[derive(Serialize, Deserialize)]
struct Review {
    number: usize,
    text: String,
}

fn one_by_one(reviews: &Reviews) -> Vec<Review> {
    let texts = reviews.mailbox.lines().enumerate();
    texts.map(|(index, text)| Review { number: index + 1, text: text.to_owned() }).collect()
}

async fn fetch() -> ReviewsUpdate {
    Reviews::update().mailbox(
        "5 lovely breakfast, quiet room\n\
         2 cold room, cold breakfast\n\
         ??? \u{fffd}\u{fffd}\u{fffd}\n\
         4 friendly staff",
    )
}

async fn read(Payload(review): Payload<Review>) -> Result<ReviewsUpdate, NodeError> {
    let (stars, text) = review.text.split_once(' ').unwrap_or((&review.text, ""));
    let stars: u32 = stars.parse().terminal()?; // reading it again would not help
    let said = ["breakfast", "room", "staff"].into_iter().filter(|topic| text.contains(topic));
    let topics = said.map(|topic| (topic.to_owned(), 1)).collect::<BTreeMap<_, _>>();
    Ok(Reviews::update().stars([stars]).topics(topics))
}

/// Gets the failure, with the payload of the task that failed.
async fn put_aside(failure: Failure) -> Result<ReviewsUpdate, NodeError> {
    let review: Review = serde_json::from_value(failure.payload.unwrap_or_default()).terminal()?;
    Ok(Reviews::update().unread([format!("review {}: {}", review.number, failure.error)]))
}

/// The reduce step. It is deferred, so it runs once: after all reviews, and after those that had to be put aside.
async fn sum_up(reviews: &Reviews) -> ReviewsUpdate {
    let average = f64::from(reviews.stars.iter().sum::<u32>()) / reviews.stars.len() as f64;
    let topics: Vec<String> =
        reviews.topics.iter().map(|(topic, times)| format!("{topic} ({times})")).collect();
    Reviews::update().report(format!("{average:.1} stars; they write about {}", topics.join(", ")))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let graph = StateGraph::<Reviews>::new("reviews")
        .node("fetch", fetch)
        .node("read", read)
        .node("put aside", put_aside)
        .node("sum up", sum_up.defer())
        .edge(START, "fetch")
        .fan_out("fetch", "read", one_by_one)
        .edge("read", "sum up")
        .error_edge("read", "put aside")
        .edge("put aside", "sum up")
        .edge("sum up", END)
        .compile()?
        .with_concurrency(2);

    let reviews = graph.invoke(Reviews::update()).await?.into_state();
    println!("stars, in the order of the reviews: {:?}", reviews.stars);
    println!("put aside: {:?}", reviews.unread);
    println!("{}", reviews.report);
    Ok(())
}
