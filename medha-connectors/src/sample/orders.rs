//! Orders and their lines, day by day.

use fastrand::Rng;

use super::business::{Window, busyness, pick, whole};
use super::catalogue::Product;
use super::customers::{Customer, Segment};
use super::facts;

/// A row of `orders`; its number is its place, from 1.
#[derive(Debug)]
pub(crate) struct Order {
    /// The place of its customer.
    pub(crate) customer: usize,
    pub(crate) day: i32,
    /// The second of the day.
    pub(crate) second: i64,
    pub(crate) status: &'static str,
    pub(crate) channel: Option<&'static str>,
    /// Days until it was delivered.
    pub(crate) delivered_after: Option<i32>,
}

/// A row of `order_items`. Money is in cents.
#[derive(Debug)]
pub(crate) struct OrderItem {
    /// The place of its order.
    pub(crate) order: usize,
    /// The place of its product.
    pub(crate) product: usize,
    pub(crate) quantity: u32,
    pub(crate) unit_price: u32,
    /// Percent off.
    pub(crate) discount: u32,
}

impl Order {
    /// The day it was delivered, where it was.
    pub(crate) fn delivered(&self) -> Option<i32> {
        self.delivered_after.map(|days| self.day + days)
    }
}

const OUTLIER_FACTOR: u64 = 7;
const DAILY_ORDERS_IN_HUNDREDTHS: u64 = 2_650;

/// Makes the orders of every day and their lines.
pub(crate) fn orders(
    rng: &mut Rng,
    window: Window,
    customers: &[Customer],
    products: &[Product],
) -> (Vec<Order>, Vec<OrderItem>) {
    let last = facts::DAYS - 1;
    let outlier = facts::outlier_day(window.date(last));
    let popularity: Vec<u32> = products.iter().map(|product| product.popularity).collect();
    let (mut orders, mut items) = (Vec::new(), Vec::new());
    for day in 0..facts::DAYS {
        let mut hundredths =
            DAILY_ORDERS_IN_HUNDREDTHS * busyness(window, day) / 100 * rng.u64(88..=112) / 100;
        if window.date(day) == outlier {
            hundredths *= OUTLIER_FACTOR;
        }
        let mut seconds: Vec<i64> = (0..whole(rng, hundredths)).map(|_| second_of_day(rng)).collect();
        seconds.sort_unstable();
        let known = customers.partition_point(|customer| customer.signed_up < day);
        for second in seconds {
            let customer = customer(rng, &customers[..known], day);
            let order = order(rng, customer, day, second, last);
            lines(rng, orders.len(), customers[customer].segment, day, products, &popularity, &mut items);
            orders.push(order);
        }
    }
    (orders, items)
}

fn second_of_day(rng: &mut Rng) -> i64 {
    const HOURS: [u32; 24] =
        [4, 2, 1, 1, 1, 3, 8, 18, 34, 48, 55, 54, 50, 47, 48, 50, 52, 50, 46, 44, 42, 36, 22, 10];
    let hour = i64::try_from(pick(rng, &HOURS)).unwrap_or(0);
    hour * 3600 + rng.i64(0..3600)
}

/// Draws a customer; the declining segment is passed over more and more often.
fn customer(rng: &mut Rng, known: &[Customer], day: i32) -> usize {
    let days_of_decline = (day - (facts::DAYS - facts::DECLINE_DAYS)).max(0).unsigned_abs();
    let declining = 100 - 75 * days_of_decline / facts::DECLINE_DAYS.unsigned_abs();
    loop {
        let index = rng.usize(0..known.len());
        let customer = &known[index];
        let readiness = match customer.segment {
            Segment::SmallBusiness => customer.eagerness * declining / 100,
            Segment::Consumer | Segment::MidMarket | Segment::Enterprise => customer.eagerness,
        };
        if rng.u32(0..1000) < readiness {
            return index;
        }
    }
}

fn order(rng: &mut Rng, customer: usize, day: i32, second: i64, last: i32) -> Order {
    let age = last - day;
    let status = match pick(rng, &[89, 6, 5]) {
        1 => "cancelled",
        _ if age < 4 => "pending",
        2 if age > 14 => "returned",
        _ => "completed",
    };
    let channel = match pick(rng, &[47, 28, 14, 9, 2]) {
        0 => Some("Web"),
        1 => Some("Mobile App"),
        2 => Some("Partner"),
        3 => Some("Phone"),
        _ => None,
    };
    let takes = 1 + i32::try_from(pick(rng, &[10, 30, 30, 15, 8, 4, 3])).unwrap_or(0);
    let is_delivered = matches!(status, "completed" | "returned");
    Order {
        customer,
        day,
        second,
        status,
        channel,
        delivered_after: (is_delivered && takes <= age).then_some(takes),
    }
}

fn lines(
    rng: &mut Rng,
    order: usize,
    segment: Segment,
    day: i32,
    products: &[Product],
    popularity: &[u32],
    items: &mut Vec<OrderItem>,
) {
    let first = items.len();
    for _ in 0..=pick(rng, &[28, 32, 23, 17]) {
        let product = pick(rng, popularity);
        let is_repeated = items[first..].iter().any(|item| item.product == product);
        // What is discontinued was sold for the last time half a year before the end.
        let is_gone = products[product].discontinued && day > facts::DAYS - 183;
        if is_repeated || is_gone {
            continue;
        }
        items.push(line(rng, order, segment, day, product, &products[product]));
    }
    if items.len() == first {
        let product = products.iter().position(|product| !product.discontinued).unwrap_or(0);
        items.push(line(rng, order, segment, day, product, &products[product]));
    }
}

fn line(
    rng: &mut Rng,
    order: usize,
    segment: Segment,
    day: i32,
    product: usize,
    details: &Product,
) -> OrderItem {
    let (most, discounts) = match segment {
        Segment::Consumer => (2_u32, [80, 10, 6, 4, 0]),
        Segment::SmallBusiness => (4, [62, 18, 12, 6, 2]),
        Segment::MidMarket => (8, [45, 22, 18, 10, 5]),
        Segment::Enterprise => (20, [25, 20, 25, 18, 12]),
    };
    // Prices rose by five percent a year up to today's.
    let years_of_cents = (facts::DAYS - day).unsigned_abs() * 5 / 365;
    let is_costly = details.price > 20_000;
    OrderItem {
        order,
        product,
        quantity: rng.u32(1..=if is_costly { most.div_ceil(2) } else { most }),
        unit_price: details.price * (100 - years_of_cents) / 100,
        discount: [0, 5, 10, 15, 20][pick(rng, &discounts)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_delivered_unless_it_is_cancelled_pending_or_recent() {
        let mut rng = Rng::with_seed(3);
        for day in 0..facts::DAYS {
            let order = order(&mut rng, 0, day, 0, facts::DAYS - 1);
            let expected = matches!(order.status, "completed" | "returned");
            let is_recent = day > facts::DAYS - 9;
            assert!(is_recent || order.delivered().is_some() == expected, "{order:?}");
        }
    }
}
