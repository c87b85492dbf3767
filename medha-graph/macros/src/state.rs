//! `#[derive(State)]`: the update type with its setters, and the merge.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Data, DeriveInput, Error, Field, Fields, Ident, Result};

use crate::field::StateField;

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let fields = named_fields(input)?;
    let parsed = all_ok(fields.iter().copied().map(StateField::parse))?;
    if parsed.len() > 128 {
        return Err(Error::new_spanned(
            &input.ident,
            "a state has at most 128 fields; group some in a struct",
        ));
    }
    let update = format_ident!("{}Update", input.ident);
    let parts = Parts { input, update: &update, fields: &parsed };
    let update_type = parts.update_type();
    let setters = parts.setters();
    let state_impl = parts.state_impl();
    let conversions = parts.conversions();
    Ok(quote! { #update_type #setters #state_impl #conversions })
}

struct Parts<'a> {
    input: &'a DeriveInput,
    update: &'a Ident,
    fields: &'a [StateField<'a>],
}

impl Parts<'_> {
    fn update_type(&self) -> TokenStream {
        let (visibility, name, update) = (&self.input.vis, &self.input.ident, self.update);
        let doc =
            format!("A partial change of [`{name}`], made with `{name}::update()` and one setter per field.");
        let fields = self.fields.iter().map(|field| {
            let (ident, held) = (field.ident, field.held());
            quote! {
                #[serde(skip_serializing_if = "::medha_graph::__private::Change::is_kept")]
                #ident: #held
            }
        });
        quote! {
            #[doc = #doc]
            #[derive(
                Clone, Default,
                ::medha_graph::__private::serde::Serialize, ::medha_graph::__private::serde::Deserialize,
            )]
            #[serde(crate = "::medha_graph::__private::serde", default, deny_unknown_fields)]
            #[must_use = "an update changes nothing until a node returns it"]
            #visibility struct #update { #(#fields),* }
        }
    }

    fn setters(&self) -> TokenStream {
        let (visibility, name, update) = (&self.input.vis, &self.input.ident, self.update);
        let setters = self.fields.iter().map(|field| field.setter(visibility));
        let more = self.fields.iter().map(|field| field.more_setters(visibility));
        quote! {
            #[allow(dead_code, reason = "a program need not write every field")]
            impl #update { #(#setters)* #(#more)* }

            #[allow(dead_code, reason = "a program may make its updates from JSON alone")]
            impl #name {
                /// Starts a partial change of this state; name each field to write with its setter.
                #visibility fn update() -> #update { ::core::default::Default::default() }
            }
        }
    }

    fn state_impl(&self) -> TokenStream {
        let (name, update) = (&self.input.ident, self.update);
        let listed = self.fields.iter().map(StateField::listed);
        let written = self.fields.iter().enumerate().map(|(index, field)| {
            let ident = field.ident;
            quote!(if !self.#ident.is_kept() { set.insert(#index); })
        });
        let overwritten = self.fields.iter().enumerate().map(|(index, field)| {
            let ident = field.ident;
            quote!(if self.#ident.is_overwrite() { set.insert(#index); })
        });
        let (field_json, set_field) =
            (self.arms(|field| field.field_json()), self.arms(|field| field.set_field()));
        let (clear_field, write_json) =
            (self.arms(|field| field.clear_field()), self.arms(|field| field.write_json()));
        let (set_write, forget) = (self.arms(|field| field.set_write()), self.arms(|field| field.forget()));
        let field_schema = self.arms(|field| field.schema());
        let merged = self.fields.iter().map(StateField::merge);
        let update_text = update.to_string();
        let shown = self.fields.iter().map(|field| {
            let (ident, text) = (field.ident, field.text());
            quote! {
                match &self.#ident {
                    ::medha_graph::__private::Change::Set(value) => { shown.field(#text, value); }
                    ::medha_graph::__private::Change::Overwrite(value) => {
                        shown.field(::core::concat!("overwrite_", #text), value);
                    }
                    ::medha_graph::__private::Change::Keep => {}
                }
            }
        });
        let json_result = quote!(
            ::core::result::Result<
                ::medha_graph::__private::Json,
                ::medha_graph::__private::JsonError,
            >
        );
        let no_field = quote!(::medha_graph::__private::no_field(position));
        quote! {
            #[allow(unused_variables, unreachable_code, reason = "a state may have no fields")]
            impl ::medha_graph::State for #name {
                type Update = #update;
                fn fields(&self) -> &[::medha_graph::state::Field] {
                    const FIELDS: &[::medha_graph::state::Field] = &[#(#listed),*];
                    FIELDS
                }
                #[inline]
                fn apply(&mut self, update: #update) -> ::core::result::Result<(), ::medha_graph::state::MergeError> {
                    #(#merged)*
                    ::core::result::Result::Ok(())
                }
                fn field_json(&self, position: usize) -> #json_result {
                    match position { #field_json _ => ::core::result::Result::Err(#no_field) }
                }
                fn set_field(
                    &mut self,
                    position: usize,
                    json: &::medha_graph::__private::RawValue,
                ) -> ::core::result::Result<(), ::medha_graph::__private::JsonError> {
                    match position { #set_field _ => return ::core::result::Result::Err(#no_field) }
                    ::core::result::Result::Ok(())
                }
                fn clear_field(&mut self, position: usize) {
                    match position { #clear_field _ => {} }
                }
                fn field_schema(
                    &self,
                    position: usize,
                    schemas: &mut ::medha_graph::__private::SchemaGenerator,
                ) -> ::medha_graph::json::FieldSchema {
                    #[allow(unused_imports, reason = "which of the two is used depends on the type of the field")]
                    use ::medha_graph::__private::{AnySchema as _, KnownSchema as _};
                    match position { #field_schema _ => ::medha_graph::json::FieldSchema::any() }
                }
            }

            /// Shows what is written, and nothing else.
            impl ::core::fmt::Debug for #update {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    let mut shown = f.debug_struct(#update_text);
                    #(#shown)*
                    shown.finish()
                }
            }

            #[allow(unused_mut, unused_variables, unreachable_code, reason = "a state may have no fields")]
            impl ::medha_graph::state::Update for #update {
                fn written(&self, _: &[::medha_graph::state::Field]) -> ::medha_graph::state::FieldSet {
                    let mut set = ::medha_graph::state::FieldSet::EMPTY;
                    #(#written)*
                    set
                }
                fn overwritten(&self, _: &[::medha_graph::state::Field]) -> ::medha_graph::state::FieldSet {
                    let mut set = ::medha_graph::state::FieldSet::EMPTY;
                    #(#overwritten)*
                    set
                }
                fn write_json(&self, position: usize, _: &[::medha_graph::state::Field]) -> #json_result {
                    match position { #write_json _ => ::core::result::Result::Err(#no_field) }
                }
                fn set_write(
                    &mut self,
                    position: usize,
                    _: &[::medha_graph::state::Field],
                    mode: ::medha_graph::state::WriteMode,
                    json: &::medha_graph::__private::RawValue,
                ) -> ::core::result::Result<(), ::medha_graph::__private::JsonError> {
                    match position { #set_write _ => return ::core::result::Result::Err(#no_field) }
                    ::core::result::Result::Ok(())
                }
                fn forget(&mut self, position: usize, _: &[::medha_graph::state::Field]) {
                    match position { #forget _ => {} }
                }
            }
        }
    }

    /// One arm of a `match` on the position of a field.
    fn arms(&self, arm: impl Fn(&StateField<'_>) -> TokenStream) -> TokenStream {
        let arms = self.fields.iter().enumerate().map(|(index, field)| {
            let arm = arm(field);
            quote!(#index => #arm)
        });
        quote!(#(#arms,)*)
    }

    fn conversions(&self) -> TokenStream {
        let (name, update) = (&self.input.ident, self.update);
        quote! {
            impl ::medha_graph::node::IntoCommand<#name> for #update {
                const MAY_GOTO: bool = false;
                #[inline]
                fn into_command(
                    self,
                ) -> ::core::result::Result<::medha_graph::Command<#name>, ::medha_graph::NodeError> {
                    ::core::result::Result::Ok(::medha_graph::Command::from_update(self))
                }
            }

            impl ::core::convert::From<#update> for ::medha_graph::Input<#name> {
                fn from(update: #update) -> Self { ::medha_graph::Input::Update(update) }
            }
        }
    }
}

fn named_fields(input: &DeriveInput) -> Result<Vec<&Field>> {
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &input.generics,
            "a state is stored by name, so it has no generic parameters",
        ));
    }
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(fields.named.iter().collect()),
            Fields::Unnamed(_) | Fields::Unit => {
                Err(Error::new_spanned(&input.ident, "`State` is derived for a struct with named fields"))
            }
        },
        Data::Enum(_) | Data::Union(_) => {
            Err(Error::new_spanned(&input.ident, "`State` is derived for a struct with named fields"))
        }
    }
}

fn all_ok<'a>(fields: impl Iterator<Item = Result<StateField<'a>>>) -> Result<Vec<StateField<'a>>> {
    let mut parsed = Vec::new();
    let mut problems: Option<Error> = None;
    for field in fields {
        match (field, &mut problems) {
            (Ok(field), _) => parsed.push(field),
            (Err(error), Some(all)) => all.combine(error),
            (Err(error), None) => problems = Some(error),
        }
    }
    problems.map_or(Ok(parsed), Err)
}
