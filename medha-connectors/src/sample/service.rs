//! What surrounds the orders: subscriptions, support tickets and marketing.

use fastrand::Rng;
use jiff::civil::Date;

use super::business::{Window, busyness, chance, pick, whole};
use super::customers::{Customer, Segment};
use super::facts;

/// A row of `subscriptions`. Money is in cents.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// The place of its customer.
    pub(crate) customer: usize,
    pub(crate) plan: &'static str,
    pub(crate) seats: u32,
    pub(crate) mrr: u32,
    pub(crate) started: i32,
    pub(crate) cancelled: Option<i32>,
    pub(crate) reason: Option<&'static str>,
}

/// A row of `support_tickets`.
#[derive(Debug)]
pub(crate) struct Ticket {
    /// The place of its customer.
    pub(crate) customer: usize,
    pub(crate) category: &'static str,
    pub(crate) priority: &'static str,
    pub(crate) day: i32,
    pub(crate) second: i64,
    /// Minutes until it was resolved.
    pub(crate) resolved_after: Option<i64>,
    /// One to five, where the customer said.
    pub(crate) satisfaction: Option<u32>,
}

/// A row of `marketing_spend`. Money is in cents.
#[derive(Debug)]
pub(crate) struct Spend {
    pub(crate) day: i32,
    pub(crate) channel: &'static str,
    pub(crate) amount: u64,
    pub(crate) clicks: Option<u64>,
}

/// Plans: the price a seat and month in cents, and how many of a thousand leave in a month.
const PLANS: [(&str, u32, u32); 3] = [("Basic", 1_900, 42), ("Plus", 4_900, 24), ("Premium", 12_900, 12)];
const REASONS: [&str; 4] = ["Price", "Missing features", "Moved to a competitor", "No longer needed"];

/// Makes care-plan subscriptions for most customers; some come back after they left.
pub(crate) fn subscriptions(rng: &mut Rng, window: Window, customers: &[Customer]) -> Vec<Subscription> {
    let mut subscriptions = Vec::new();
    for (index, customer) in customers.iter().enumerate() {
        if !chance(rng, 58) {
            continue;
        }
        let mut start = customer.signed_up.max(0) + rng.i32(0..120);
        while start < facts::DAYS {
            let subscription = subscription(rng, index, customer.segment, start);
            let returns = subscription.cancelled.filter(|_| chance(rng, 18));
            subscriptions.push(subscription);
            let Some(left) = returns else { break };
            start = left + rng.i32(60..300);
        }
    }
    // Numbered in the order they began, as they would be.
    subscriptions.sort_by_key(|subscription| (window.date(subscription.started), subscription.customer));
    subscriptions
}

fn subscription(rng: &mut Rng, customer: usize, segment: Segment, started: i32) -> Subscription {
    let (weights, seats) = match segment {
        Segment::Consumer => ([74, 22, 4], 1),
        Segment::SmallBusiness => ([52, 38, 10], rng.u32(1..=3)),
        Segment::MidMarket => ([25, 50, 25], rng.u32(2..=8)),
        Segment::Enterprise => ([8, 42, 50], rng.u32(5..=40)),
    };
    let (plan, price, churn) = PLANS[pick(rng, &weights)];
    let mut end = started;
    let cancelled = loop {
        end += rng.i32(28..=32);
        if end >= facts::DAYS {
            break None;
        }
        if rng.u32(0..1000) < churn {
            break Some(end);
        }
    };
    let reason = cancelled.filter(|_| !chance(rng, 12)).map(|_| REASONS[pick(rng, &[38, 22, 17, 23])]);
    Subscription { customer, plan, seats, mrr: price * seats, started, cancelled, reason }
}

/// Makes about eleven tickets a day.
pub(crate) fn tickets(rng: &mut Rng, window: Window, customers: &[Customer]) -> Vec<Ticket> {
    let mut tickets = Vec::new();
    for day in 0..facts::DAYS {
        let known = customers.partition_point(|customer| customer.signed_up < day);
        let count = whole(rng, 620 * busyness(window, day) / 100);
        let mut seconds: Vec<i64> = (0..count).map(|_| rng.i64(21_600..79_200)).collect();
        seconds.sort_unstable();
        for second in seconds {
            tickets.push(ticket(rng, known, day, second));
        }
    }
    tickets
}

fn ticket(rng: &mut Rng, known: usize, day: i32, second: i64) -> Ticket {
    let (category, mood) = [
        ("Delivery", [14, 16, 22, 28, 20]),
        ("Billing", [10, 14, 24, 30, 22]),
        ("Product Quality", [24, 22, 22, 20, 12]),
        ("Account", [4, 8, 18, 38, 32]),
        ("Technical", [10, 14, 22, 30, 24]),
    ][pick(rng, &[32, 18, 21, 12, 17])];
    let (priority, typical) =
        [("Low", 4_300), ("Normal", 2_100), ("High", 900), ("Urgent", 300)][pick(rng, &[24, 50, 19, 7])];
    let takes = typical * rng.i64(20..=260) / 100;
    let minutes_left = i64::from(facts::DAYS - day) * 1_440 - second / 60;
    let resolved_after = (takes < minutes_left && !chance(rng, 2)).then_some(takes);
    let satisfaction =
        resolved_after.filter(|_| !chance(rng, 37)).map(|_| u32::try_from(pick(rng, &mood)).unwrap_or(0) + 1);
    Ticket { customer: rng.usize(0..known), category, priority, day, second, resolved_after, satisfaction }
}

/// Makes one row a day and channel. A television campaign has no clicks, and counting them fails now and then.
pub(crate) fn spend(rng: &mut Rng, window: Window, end_date: Date) -> Vec<Spend> {
    // The daily amount in cents, and the cents a click costs.
    const CHANNELS: [(&str, u64, Option<u64>); 5] = [
        ("Search", 42_000, Some(92)),
        (facts::OUTLIER_CHANNEL, 31_000, Some(61)),
        ("Email", 6_500, Some(18)),
        ("Affiliate", 14_000, Some(74)),
        ("Television", 26_000, None),
    ];
    let outlier = facts::outlier_day(end_date);
    let mut rows = Vec::new();
    for day in 0..facts::DAYS {
        for (channel, daily, click) in CHANNELS {
            let mut amount = daily * busyness(window, day) / 100 * rng.u64(80..=120) / 100;
            if channel == facts::OUTLIER_CHANNEL && window.date(day) == outlier {
                amount *= 12;
            }
            let price = rng.u64(85..=115);
            let clicks = click.filter(|_| !chance(rng, 1)).map(|cents| amount * 100 / (cents * price));
            rows.push(Spend { day, channel, amount, clicks });
        }
    }
    rows
}
