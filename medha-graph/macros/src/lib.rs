//! The derives of `medha-graph`: `State` makes a typed partial update, `Route` a closed set of targets.
//!
//! Use them through `medha_graph`, which re-exports both next to the traits they implement.

mod field;
mod route;
mod state;

use proc_macro::TokenStream;

/// Derives `medha_graph::State`: a typed update `<Name>Update` with one setter per field, and how it is merged.
///
/// A field has at most one reducer: `#[state(append)]`, `#[state(add)]`, `#[state(merge)]`, `#[state(messages)]` or
/// `#[state(with = path)]`. A field without one holds the last value written; two nodes of one superstep must not both
/// write it. What a reducer collects can be replaced with `overwrite_<field>`.
///
/// Besides, a field may be `untracked` (never stored: what it is by default again when a thread is resumed), `ephemeral`
/// (its value lasts one superstep) and `private` (neither an input nor an output of whoever runs the graph through JSON).
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
