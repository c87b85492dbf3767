//! The addresses of servers, as they may be shown.

/// The host and the database of an address.
pub(super) fn without_secrets(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    format!("{scheme}://{}", place.split('?').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_address_is_shown_without_its_password() {
        let shown = super::without_secrets("postgres://user:se@cret@host:5432/db?password=x");
        assert_eq!(shown, "postgres://host:5432/db");
    }
}
