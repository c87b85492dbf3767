//! The whole business as values: decided here from a seed, written elsewhere.
//!
//! Only whole numbers are computed with, and fractions are made at the very end, so that every machine gets the same rows.

use fastrand::Rng;
use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime};

use super::catalogue::{self, Product};
use super::customers::{self, Customer};
use super::facts;
use super::orders::{self, Order, OrderItem};
use super::service::{self, Spend, Subscription, Ticket};

/// Every row of the sample.
#[derive(Debug)]
pub(crate) struct Business {
    pub(crate) products: Vec<Product>,
    pub(crate) customers: Vec<Customer>,
    pub(crate) orders: Vec<Order>,
    pub(crate) items: Vec<OrderItem>,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) tickets: Vec<Ticket>,
    pub(crate) spend: Vec<Spend>,
}

/// The days of business, counted from 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    first: Date,
}

impl Business {
    /// Makes it up. Each part draws from a generator of its own, so that a change in one leaves the others as they are.
    pub(crate) fn new(seed: u64, end_date: Date) -> Self {
        let part = |number: u64| Rng::with_seed(seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let window = Window::new(facts::first_day(end_date));
        let products = catalogue::products(&mut part(1));
        let customers = customers::customers(&mut part(2), window);
        let (orders, items) = orders::orders(&mut part(3), window, &customers, &products);
        let subscriptions = service::subscriptions(&mut part(4), window, &customers);
        let tickets = service::tickets(&mut part(5), window, &customers);
        let spend = service::spend(&mut part(6), window, end_date);
        Self { products, customers, orders, items, subscriptions, tickets, spend }
    }

    /// How many rows all tables have together.
    pub(crate) fn rows(&self) -> usize {
        self.products.len()
            + self.customers.len()
            + self.orders.len()
            + self.items.len()
            + self.subscriptions.len()
            + self.tickets.len()
            + self.spend.len()
    }
}

impl Window {
    /// Counts days from `first`.
    pub(crate) fn new(first: Date) -> Self {
        Self { first }
    }

    /// The date of a day, which may lie before the first or after the last.
    pub(crate) fn date(self, day: i32) -> Date {
        self.first + i64::from(day).days()
    }

    /// The moment `seconds` into a day.
    pub(crate) fn moment(self, day: i32, seconds: i64) -> DateTime {
        self.date(day).at(0, 0, 0, 0) + seconds.seconds()
    }
}

/// How busy a day is, in percent of an ordinary one of the first year: growth, the year's seasons and the week's.
pub(crate) fn busyness(window: Window, day: i32) -> u64 {
    const MONTHS: [u64; 12] = [88, 90, 97, 96, 98, 95, 92, 90, 102, 108, 128, 134];
    const WEEKDAYS: [u64; 7] = [108, 110, 108, 106, 112, 82, 74];
    let date = window.date(day);
    let growth = 100 + 160 * u64::from(day.unsigned_abs()) / u64::from(facts::DAYS.unsigned_abs());
    let month = MONTHS[usize::from(date.month().unsigned_abs()) - 1];
    let weekday = WEEKDAYS[usize::from(date.weekday().to_monday_zero_offset().unsigned_abs())];
    growth * month * weekday / 10_000
}

/// `hundredths / 100`, rounded up or down by chance so that the mean is kept.
pub(crate) fn whole(rng: &mut Rng, hundredths: u64) -> u64 {
    hundredths / 100 + u64::from(rng.u64(0..100) < hundredths % 100)
}

/// Picks by weight; `weights` must not all be zero.
pub(crate) fn pick(rng: &mut Rng, weights: &[u32]) -> usize {
    let mut left = rng.u32(0..weights.iter().sum());
    for (index, weight) in weights.iter().enumerate() {
        if left < *weight {
            return index;
        }
        left -= weight;
    }
    weights.len() - 1
}

/// True in `percent` of a hundred cases.
pub(crate) fn chance(rng: &mut Rng, percent: u32) -> bool {
    rng.u32(0..100) < percent
}
