//! The derives of `medha-graph`: `State` makes a typed partial update, `Route` a closed set of targets.
//!
//! Use them through `medha_graph`, which re-exports both next to the traits they implement.

mod route;
mod state;

use proc_macro::TokenStream;

/// Derives `medha_graph::State`: a typed update `<Name>Update` with one setter per field, and how it is merged.
///
/// Attributes of a field: `#[state(append)]`, `#[state(add)]`, `#[state(merge)]`, `#[state(with = path)]`.
/// A field without one holds the last value written; two nodes of one superstep must not both write it.
#[proc_macro_derive(State, attributes(state))]
pub fn derive_state(input: TokenStream) -> TokenStream {
    state::derive(&syn::parse_macro_input!(input as syn::DeriveInput))
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}

/// Derives `medha_graph::Route` for an enum: `#[route("node")]` on each variant says where it leads.
///
/// A variant with one unnamed field carries that field as the payload of the task it starts.
#[proc_macro_derive(Route, attributes(route))]
pub fn derive_route(input: TokenStream) -> TokenStream {
    route::derive(&syn::parse_macro_input!(input as syn::DeriveInput))
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}
