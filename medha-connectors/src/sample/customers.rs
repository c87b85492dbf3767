//! The customers, in the order they signed up.

use fastrand::Rng;

use super::business::{Window, busyness, chance, pick, whole};
use super::facts;
use super::words::{COMPANY_FIRST, COMPANY_FORM, COMPANY_SECOND, FIRST_NAMES, LAST_NAMES, REGIONS};

/// What kind of customer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Segment {
    Consumer,
    SmallBusiness,
    MidMarket,
    Enterprise,
}

/// A row of `customers`.
#[derive(Debug)]
pub(crate) struct Customer {
    pub(crate) name: String,
    pub(crate) email: Option<String>,
    pub(crate) segment: Segment,
    pub(crate) region: usize,
    pub(crate) country: &'static str,
    pub(crate) city: Option<&'static str>,
    /// The day of sign-up; those from before the first day are negative.
    pub(crate) signed_up: i32,
    /// How readily it orders, of 1000.
    pub(crate) eagerness: u32,
}

impl Segment {
    const ALL: [Self; 4] = [Self::Consumer, Self::SmallBusiness, Self::MidMarket, Self::Enterprise];

    /// As it is stored.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Consumer => "Consumer",
            Self::SmallBusiness => facts::DECLINING_SEGMENT,
            Self::MidMarket => "Mid-Market",
            Self::Enterprise => "Enterprise",
        }
    }

    fn eagerness(self) -> u32 {
        match self {
            Self::Consumer => 180,
            Self::SmallBusiness => 420,
            Self::MidMarket => 520,
            Self::Enterprise => 640,
        }
    }
}

const FOUNDING_CUSTOMERS: i32 = 1_400;

/// Makes the customers: a base from the year before the first day, then more every day.
pub(crate) fn customers(rng: &mut Rng, window: Window) -> Vec<Customer> {
    let mut days: Vec<i32> = (0..FOUNDING_CUSTOMERS).map(|_| -rng.i32(1..=365)).collect();
    days.sort_unstable();
    for day in 0..facts::DAYS {
        let new = whole(rng, 240 * busyness(window, day) / 100);
        days.extend(std::iter::repeat_n(day, usize::try_from(new).unwrap_or(0)));
    }
    days.into_iter().enumerate().map(|(index, day)| customer(rng, index + 1, day)).collect()
}

fn customer(rng: &mut Rng, number: usize, signed_up: i32) -> Customer {
    let is_launched = signed_up >= facts::DAYS - 1 - facts::LAUNCH_DAYS;
    let weights = REGIONS
        .each_ref()
        .map(|region| if region.name == facts::LATE_REGION && !is_launched { 0 } else { region.weight });
    let region = pick(rng, &weights);
    let countries = REGIONS[region].countries;
    let (country, cities) = countries[pick(rng, &[50, 25, 15, 12, 10][..countries.len()])];
    let segment = Segment::ALL[pick(rng, &[54, 27, 13, 6])];
    let name = name(rng, segment);
    // `example.com` belongs to nobody.
    let email = (!chance(rng, 4)).then(|| {
        let local: String = name.to_lowercase().split(' ').collect::<Vec<_>>().join(".");
        format!("{local}.{number}@example.com")
    });
    Customer {
        name,
        email,
        segment,
        region,
        country,
        city: (!chance(rng, 3)).then(|| cities[rng.usize(0..cities.len())]),
        signed_up,
        eagerness: segment.eagerness() * rng.u32(20..=180) / 100,
    }
}

fn name(rng: &mut Rng, segment: Segment) -> String {
    fn word(rng: &mut Rng, words: &[&'static str]) -> &'static str {
        words[rng.usize(0..words.len())]
    }
    match segment {
        Segment::Consumer => format!("{} {}", word(rng, &FIRST_NAMES), word(rng, &LAST_NAMES)),
        Segment::SmallBusiness => format!("{} {}", word(rng, &LAST_NAMES), word(rng, &COMPANY_SECOND)),
        Segment::MidMarket | Segment::Enterprise => {
            let first = word(rng, &COMPANY_FIRST);
            let second = word(rng, &COMPANY_SECOND);
            format!("{first} {second} {}", word(rng, &COMPANY_FORM))
        }
    }
}
