//! A trip is planned by three people at once, and put together when all of them are back.
//!
//! Run it with `cargo run --example parallel`. What branches write to one field is combined by the reducer of the field,
//! in the order the nodes were planned, whichever finishes first. A join waits for all of its sources; a deferred node
//! waits until nothing else is left to do.

use std::collections::BTreeMap;

use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Trip {
    city: String,
    /// Branches add to it.
    #[state(add)]
    cost: u32,
    /// Branches append to it.
    #[state(append)]
    diary: Vec<String>,
    /// Branches write keys of their own.
    #[state(merge)]
    booked: BTreeMap<String, String>,
    /// Branches bid, and the lowest bid stays.
    #[state(with = lowest)]
    guide: Option<u32>,
    invoice: String,
}

fn lowest(current: &mut Option<u32>, bid: Option<u32>) {
    *current = [*current, bid].into_iter().flatten().min();
}

async fn flight(trip: &Trip) -> TripUpdate {
    for _ in 0..5 {
        tokio::task::yield_now().await; // the airline is slow; its line still comes first
    }
    Trip::update().cost(240).diary([format!("fly to {}", trip.city)]).booked([entry("flight", "KL 1234")])
}

async fn hotel(trip: &Trip) -> TripUpdate {
    let name = format!("The {} Inn", trip.city);
    Trip::update()
        .cost(310)
        .diary([format!("sleep at {name}")])
        .booked([entry("hotel", &name)])
        .guide(Some(80))
}

async fn museum() -> TripUpdate {
    Trip::update().cost(18).diary(["see the old masters"]).guide(Some(65))
}

/// One step longer than the others: the join waits for it.
async fn tickets() -> TripUpdate {
    Trip::update().booked([entry("museum", "two tickets")])
}

async fn itinerary(trip: &Trip) -> TripUpdate {
    let guide = trip.guide.unwrap_or_default();
    Trip::update().diary([format!("in all {} bookings, a guide for {guide}", trip.booked.len())]).cost(guide)
}

/// Begins with the trip, and would be done long before the itinerary; deferred, it comes last.
async fn invoice(trip: &Trip) -> TripUpdate {
    Trip::update().invoice(format!("{} euros for {}", trip.cost, trip.city))
}

fn entry(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let graph = StateGraph::<Trip>::new("trip")
        .node("flight", flight)
        .node("hotel", hotel)
        .node("museum", museum)
        .node("tickets", tickets)
        .node("itinerary", itinerary)
        .node("invoice", invoice.defer())
        .edge(START, "flight")
        .edge(START, "hotel")
        .edge(START, "museum")
        .edge("museum", "tickets")
        .edge(["flight", "hotel", "tickets"], "itinerary")
        .edge("itinerary", END)
        .edge(START, "invoice")
        .edge("invoice", END)
        .compile()?;

    let mut events = graph.thread("amsterdam").stream(Trip::update().city("Amsterdam"));
    while let Some(event) = events.next().await {
        match event? {
            Event::Values { step, next, .. } => println!("after superstep {step} comes {next:?}"),
            Event::RunFinished { state, .. } => println!("{state:#?}"),
            _ => {}
        }
    }
    Ok(())
}
