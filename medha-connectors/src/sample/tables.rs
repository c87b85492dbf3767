//! The tables of the sample: how they are declared, and how values become rows.

use super::business::{Business, Window};
use super::facts;
use super::words::{CATEGORIES, REGIONS};
use jiff::civil::Date;

/// A value on its way into SQLite.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Integer(i64),
    Number(f64),
    Text(String),
    Null,
}

/// A table and its rows, in the order of its columns.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) table: &'static str,
    pub(crate) columns: usize,
    pub(crate) cells: Vec<Cell>,
}

/// Declares every table, parents first. Money is `REAL` with two digits, dates and times are ISO text, as SQLite has it.
pub(crate) const TABLES: [&str; 7] = [
    "CREATE TABLE customers (
        customer_id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        email TEXT UNIQUE,
        segment TEXT NOT NULL,
        region TEXT NOT NULL,
        country TEXT NOT NULL,
        city TEXT,
        signed_up_on DATE NOT NULL
    )",
    "CREATE TABLE products (
        product_id INTEGER PRIMARY KEY,
        product_name TEXT NOT NULL UNIQUE,
        category TEXT NOT NULL,
        price REAL NOT NULL,
        unit_cost REAL NOT NULL,
        is_discontinued BOOLEAN NOT NULL
    )",
    "CREATE TABLE orders (
        order_id INTEGER PRIMARY KEY,
        customer_id INTEGER NOT NULL REFERENCES customers (customer_id),
        ordered_at DATETIME NOT NULL,
        status TEXT NOT NULL,
        channel TEXT,
        delivered_on DATE
    )",
    "CREATE TABLE order_items (
        order_item_id INTEGER PRIMARY KEY,
        order_id INTEGER NOT NULL REFERENCES orders (order_id),
        product_id INTEGER NOT NULL REFERENCES products (product_id),
        quantity INTEGER NOT NULL,
        unit_price REAL NOT NULL,
        discount REAL NOT NULL
    )",
    "CREATE TABLE subscriptions (
        subscription_id INTEGER PRIMARY KEY,
        customer_id INTEGER NOT NULL REFERENCES customers (customer_id),
        plan TEXT NOT NULL,
        seats INTEGER NOT NULL,
        mrr REAL NOT NULL,
        started_on DATE NOT NULL,
        cancelled_on DATE,
        cancel_reason TEXT
    )",
    "CREATE TABLE support_tickets (
        ticket_id INTEGER PRIMARY KEY,
        customer_id INTEGER NOT NULL REFERENCES customers (customer_id),
        category TEXT NOT NULL,
        priority TEXT NOT NULL,
        opened_at DATETIME NOT NULL,
        resolved_at DATETIME,
        satisfaction INTEGER
    )",
    "CREATE TABLE marketing_spend (
        spent_on DATE NOT NULL,
        channel TEXT NOT NULL,
        amount REAL NOT NULL,
        clicks INTEGER,
        PRIMARY KEY (spent_on, channel)
    ) WITHOUT ROWID",
];

/// Made after the rows are in, which is faster and leaves the pages full.
pub(crate) const INDEXES: [&str; 8] = [
    "CREATE INDEX customers_by_segment ON customers (segment)",
    "CREATE INDEX orders_by_customer ON orders (customer_id)",
    "CREATE INDEX orders_by_time ON orders (ordered_at)",
    "CREATE INDEX order_items_by_order ON order_items (order_id)",
    "CREATE INDEX order_items_by_product ON order_items (product_id)",
    "CREATE INDEX subscriptions_by_customer ON subscriptions (customer_id)",
    "CREATE INDEX support_tickets_by_customer ON support_tickets (customer_id)",
    "CREATE INDEX support_tickets_by_opening ON support_tickets (opened_at)",
];

/// Turns the business into rows, table by table, parents first.
pub(crate) fn rows(business: &Business, end_date: Date) -> [Rows; 7] {
    let window = Window::new(facts::first_day(end_date));
    [
        Rows::of("customers", 8, &business.customers, |id, customer| {
            vec![
                id,
                Cell::from(customer.name.as_str()),
                Cell::maybe(customer.email.as_deref()),
                Cell::from(customer.segment.name()),
                Cell::from(REGIONS[customer.region].name),
                Cell::from(customer.country),
                Cell::maybe(customer.city),
                Cell::date(window, customer.signed_up),
            ]
        }),
        Rows::of("products", 6, &business.products, |id, product| {
            vec![
                id,
                Cell::from(product.name.as_str()),
                Cell::from(CATEGORIES[product.category].name),
                Cell::cents(product.price.into()),
                Cell::cents(product.cost.into()),
                Cell::Integer(i64::from(product.discontinued)),
            ]
        }),
        Rows::of("orders", 6, &business.orders, |id, order| {
            vec![
                id,
                Cell::place(order.customer),
                Cell::moment(window, order.day, order.second),
                Cell::from(order.status),
                Cell::maybe(order.channel),
                order.delivered().map_or(Cell::Null, |day| Cell::date(window, day)),
            ]
        }),
        Rows::of("order_items", 6, &business.items, |id, item| {
            vec![
                id,
                Cell::place(item.order),
                Cell::place(item.product),
                Cell::Integer(item.quantity.into()),
                Cell::cents(item.unit_price.into()),
                Cell::cents(item.discount.into()),
            ]
        }),
        Rows::of("subscriptions", 8, &business.subscriptions, |id, subscription| {
            vec![
                id,
                Cell::place(subscription.customer),
                Cell::from(subscription.plan),
                Cell::Integer(subscription.seats.into()),
                Cell::cents(subscription.mrr.into()),
                Cell::date(window, subscription.started),
                subscription.cancelled.map_or(Cell::Null, |day| Cell::date(window, day)),
                Cell::maybe(subscription.reason),
            ]
        }),
        Rows::of("support_tickets", 7, &business.tickets, |id, ticket| {
            let resolved = ticket.resolved_after.map(|minutes| ticket.second + 60 * minutes);
            vec![
                id,
                Cell::place(ticket.customer),
                Cell::from(ticket.category),
                Cell::from(ticket.priority),
                Cell::moment(window, ticket.day, ticket.second),
                resolved.map_or(Cell::Null, |second| Cell::moment(window, ticket.day, second)),
                ticket.satisfaction.map_or(Cell::Null, |mark| Cell::Integer(mark.into())),
            ]
        }),
        Rows::of("marketing_spend", 4, &business.spend, |_, spend| {
            vec![
                Cell::date(window, spend.day),
                Cell::from(spend.channel),
                Cell::cents(spend.amount),
                spend.clicks.map_or(Cell::Null, |clicks| Cell::Integer(clicks.cast_signed())),
            ]
        }),
    ]
}

impl Rows {
    /// Rows of a table; `row` is given the number of a thing, from 1, and the thing.
    fn of<T>(table: &'static str, columns: usize, things: &[T], row: impl Fn(Cell, &T) -> Vec<Cell>) -> Self {
        let cells =
            things.iter().enumerate().flat_map(|(index, thing)| row(Cell::place(index), thing)).collect();
        Self { table, columns, cells }
    }
}

impl Cell {
    /// The key of what stands at a place: counted from 1.
    fn place(index: usize) -> Self {
        Self::Integer(i64::try_from(index).unwrap_or(i64::MAX - 1) + 1)
    }

    /// Whole cents (or whole percent) as a number with two digits.
    #[allow(clippy::cast_precision_loss, reason = "amounts are far below 2^53 cents")]
    fn cents(cents: u64) -> Self {
        Self::Number(cents as f64 / 100.0)
    }

    fn maybe(text: Option<&str>) -> Self {
        text.map_or(Self::Null, Self::from)
    }

    fn date(window: Window, day: i32) -> Self {
        Self::Text(window.date(day).to_string())
    }

    fn moment(window: Window, day: i32, second: i64) -> Self {
        Self::Text(window.moment(day, second).strftime("%Y-%m-%d %H:%M:%S").to_string())
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}
