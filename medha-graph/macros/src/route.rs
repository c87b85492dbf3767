//! `#[derive(Route)]`: an enum becomes the closed set of nodes a router may choose from.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Expr, Fields, Result, Variant};

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let name = &input.ident;
    let Data::Enum(data) = &input.data else {
        return Err(Error::new_spanned(name, "`Route` is derived for an enum: one variant per target"));
    };
    if data.variants.is_empty() {
        return Err(Error::new_spanned(name, "a `Route` needs at least one variant"));
    }
    let mut targets = Vec::new();
    let mut arms = Vec::new();
    let mut problems: Option<Error> = None;
    for (index, variant) in data.variants.iter().enumerate() {
        match one_variant(index, variant) {
            Ok((target, arm)) => {
                targets.push(target);
                arms.push(arm);
            }
            Err(error) => match &mut problems {
                Some(all) => all.combine(error),
                None => problems = Some(error),
            },
        }
    }
    if let Some(problems) = problems {
        return Err(problems);
    }
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    Ok(quote! {
        impl #impl_generics ::medha_graph::Route for #name #type_generics #where_clause {
            const TARGETS: &'static [::medha_graph::graph::RouteTarget] = &[#(#targets),*];
            fn choose(self) -> ::medha_graph::graph::Choice {
                #[allow(unused_imports, reason = "only a route that ends needs it")]
                use ::medha_graph::END;
                match self { #(#arms),* }
            }
        }
    })
}

fn one_variant(index: usize, variant: &Variant) -> Result<(TokenStream, TokenStream)> {
    let target = target_of(variant)?;
    let name = &variant.ident;
    let label = name.to_string();
    let listed = quote! {
        ::medha_graph::graph::RouteTarget::new(#label, {
            #[allow(unused_imports, reason = "only a route that ends needs it")]
            use ::medha_graph::END;
            #target
        })
    };
    let arm = match &variant.fields {
        Fields::Unit => quote!(Self::#name => ::medha_graph::graph::Choice::new(#index)),
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            quote!(Self::#name(payload) => ::medha_graph::graph::Choice::with_payload(#index, &payload))
        }
        Fields::Unnamed(_) | Fields::Named(_) => {
            return Err(Error::new_spanned(
                variant,
                "a variant of a `Route` is plain or carries one payload: `Work(Item)`",
            ));
        }
    };
    Ok((listed, arm))
}

fn target_of(variant: &Variant) -> Result<Expr> {
    let mut found = None;
    for attribute in variant.attrs.iter().filter(|attribute| attribute.path().is_ident("route")) {
        if found.is_some() {
            return Err(Error::new_spanned(attribute, "a variant leads to one node; add a second variant"));
        }
        found = Some(attribute.parse_args::<Expr>()?);
    }
    found.ok_or_else(|| {
        let hint =
            format!("where does `{}` lead? add `#[route(\"node\")]` or `#[route(END)]`", variant.ident);
        Error::new_spanned(variant, hint)
    })
}
