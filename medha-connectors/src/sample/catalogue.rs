//! The products: ten kinds in six categories, two lines of each.

use fastrand::Rng;

use super::words::{CATEGORIES, PRODUCT_LINES};

/// A row of `products`. Money is in cents.
#[derive(Debug)]
pub(crate) struct Product {
    pub(crate) name: String,
    pub(crate) category: usize,
    pub(crate) price: u32,
    pub(crate) cost: u32,
    /// How often it is chosen, beside the others.
    pub(crate) popularity: u32,
    pub(crate) discontinued: bool,
}

/// Makes the catalogue; names are unique.
pub(crate) fn products(rng: &mut Rng) -> Vec<Product> {
    let mut products = Vec::new();
    for (number, category) in CATEGORIES.iter().enumerate() {
        for (index, noun) in category.nouns.iter().enumerate() {
            let first_line = (number * 5 + index * 7) % PRODUCT_LINES.len();
            for line in [first_line, (first_line + 5) % PRODUCT_LINES.len()] {
                let (low, high) = category.price;
                // Prices look like prices: they end in 90 cents.
                let price = rng.u32(low..=high) / 100 * 100 + 90;
                let cost = price * rng.u32(category.cost.0..=category.cost.1) / 100;
                products.push(Product {
                    name: format!("{} {noun}", PRODUCT_LINES[line]),
                    category: number,
                    price,
                    cost,
                    popularity: category.popularity * rng.u32(20..=100),
                    discontinued: rng.u32(0..100) < 6,
                });
            }
        }
    }
    products
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn product_names_are_unique_and_every_price_covers_its_cost() {
        let products = products(&mut Rng::with_seed(1));
        let names: std::collections::BTreeSet<_> = products.iter().map(|product| &product.name).collect();
        assert_eq!((products.len(), names.len()), (120, 120));
        assert!(products.iter().all(|product| product.cost < product.price));
    }
}
