//! `#[derive(State)]`: the update type with its setters, and the merge.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::{
    Data, DeriveInput, Error, Field, Fields, GenericArgument, Ident, Path, PathArguments, Result, Type,
};

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
        let overwriters = self.fields.iter().filter_map(|field| field.overwriter(visibility));
        quote! {
            #[allow(dead_code, reason = "a program need not write every field")]
            impl #update { #(#setters)* #(#overwriters)* }

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
                ::std::boxed::Box<::medha_graph::__private::RawValue>,
                ::medha_graph::__private::JsonError,
            >
        );
        let no_field = quote!(::medha_graph::__private::no_field(position));
        quote! {
            #[allow(unused_variables, unreachable_code, reason = "a state may have no fields")]
            impl ::medha_graph::State for #name {
                type Update = #update;
                fn fields(&self) -> &[::medha_graph::Field] {
                    const FIELDS: &[::medha_graph::Field] = &[#(#listed),*];
                    FIELDS
                }
                #[inline]
                fn apply(&mut self, update: #update) -> ::core::result::Result<(), ::medha_graph::MergeError> {
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
            impl ::medha_graph::Update for #update {
                fn written(&self, _: &[::medha_graph::Field]) -> ::medha_graph::FieldSet {
                    let mut set = ::medha_graph::FieldSet::EMPTY;
                    #(#written)*
                    set
                }
                fn overwritten(&self, _: &[::medha_graph::Field]) -> ::medha_graph::FieldSet {
                    let mut set = ::medha_graph::FieldSet::EMPTY;
                    #(#overwritten)*
                    set
                }
                fn write_json(&self, position: usize, _: &[::medha_graph::Field]) -> #json_result {
                    match position { #write_json _ => ::core::result::Result::Err(#no_field) }
                }
                fn set_write(
                    &mut self,
                    position: usize,
                    _: &[::medha_graph::Field],
                    mode: ::medha_graph::WriteMode,
                    json: &::medha_graph::__private::RawValue,
                ) -> ::core::result::Result<(), ::medha_graph::__private::JsonError> {
                    match position { #set_write _ => return ::core::result::Result::Err(#no_field) }
                    ::core::result::Result::Ok(())
                }
                fn forget(&mut self, position: usize, _: &[::medha_graph::Field]) {
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
            impl ::medha_graph::IntoCommand<#name> for #update {
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

enum Reducer {
    Plain,
    Append,
    Add,
    Merge,
    With(Path),
}

struct StateField<'a> {
    ident: &'a Ident,
    ty: &'a Type,
    docs: Vec<&'a syn::Attribute>,
    reducer: Reducer,
}

impl<'a> StateField<'a> {
    fn parse(field: &'a Field) -> Result<Self> {
        let ident = field.ident.as_ref().expect("only named fields come here");
        let docs = field.attrs.iter().filter(|attribute| attribute.path().is_ident("doc")).collect();
        Ok(Self { ident, ty: &field.ty, docs, reducer: reducer_of(field)? })
    }

    /// Its name without a leading `r#`.
    fn text(&self) -> String {
        self.ident.unraw().to_string()
    }

    /// How the engine sees it.
    fn listed(&self) -> TokenStream {
        let text = self.text();
        match self.reducer {
            Reducer::Plain => quote!(::medha_graph::Field::exclusive(#text)),
            Reducer::Add | Reducer::With(_) => quote!(::medha_graph::Field::reduced(#text)),
            Reducer::Append => {
                quote!(::medha_graph::Field::collected(#text, ::medha_graph::Storage::Append))
            }
            Reducer::Merge => {
                quote!(::medha_graph::Field::collected(#text, ::medha_graph::Storage::Merge))
            }
        }
    }

    fn field_json(&self) -> TokenStream {
        let ident = self.ident;
        quote!(::medha_graph::__private::to_raw_value(&self.#ident))
    }

    fn set_field(&self) -> TokenStream {
        let ident = self.ident;
        quote!(self.#ident = ::medha_graph::__private::from_str(json.get())?)
    }

    fn clear_field(&self) -> TokenStream {
        let ident = self.ident;
        quote!(self.#ident = <Self as ::core::default::Default>::default().#ident)
    }

    fn write_json(&self) -> TokenStream {
        let ident = self.ident;
        quote!(self.#ident.to_json())
    }

    fn set_write(&self) -> TokenStream {
        let ident = self.ident;
        quote!(self.#ident = ::medha_graph::__private::Change::from_json(mode, json)?)
    }

    fn forget(&self) -> TokenStream {
        let ident = self.ident;
        quote!(self.#ident = ::medha_graph::__private::Change::Keep)
    }

    /// What the update holds: single writes to fold are a list, so that none is lost.
    fn held(&self) -> TokenStream {
        let ty = self.ty;
        match self.reducer {
            Reducer::Plain => quote!(::medha_graph::__private::Change<#ty>),
            Reducer::Append | Reducer::Merge => quote!(::medha_graph::__private::Change<#ty, #ty>),
            Reducer::Add | Reducer::With(_) => {
                quote!(::medha_graph::__private::Change<::std::vec::Vec<#ty>, #ty>)
            }
        }
    }

    fn setter(&self, visibility: &syn::Visibility) -> TokenStream {
        let (ident, ty, docs) = (self.ident, self.ty, &self.docs);
        let fallback = match self.reducer {
            Reducer::Plain => format!("Sets `{ident}`."),
            Reducer::Append => format!("Appends items to `{ident}`."),
            Reducer::Add => format!("Adds to `{ident}`."),
            Reducer::Merge => format!("Merges entries into `{ident}`."),
            Reducer::With(_) => format!("Reduces a value into `{ident}`."),
        };
        let docs = if docs.is_empty() { quote!(#[doc = #fallback]) } else { quote!(#(#docs)*) };
        // Texts may be given as anything that becomes one; other types are given as they are, so that the literals
        // of numbers need no suffix.
        let (taken, value) = if is_path(ty, "String") {
            (quote!(impl ::core::convert::Into<#ty>), quote!(value.into()))
        } else {
            (quote!(#ty), quote!(value))
        };
        match &self.reducer {
            Reducer::Plain => quote! {
                #docs
                #visibility fn #ident(mut self, value: #taken) -> Self {
                    self.#ident = ::medha_graph::__private::Change::Set(#value);
                    self
                }
            },
            Reducer::Append | Reducer::Merge => {
                let strings = inner_of(ty, "Vec").is_some_and(|inner| is_path(inner, "String"));
                let (item, items) = if strings {
                    (
                        quote!(impl ::core::convert::Into<::std::string::String>),
                        quote!(items.into_iter().map(::core::convert::Into::into)),
                    )
                } else {
                    (quote!(<#ty as ::core::iter::IntoIterator>::Item), quote!(items))
                };
                quote! {
                    #docs
                    #visibility fn #ident(
                        mut self,
                        items: impl ::core::iter::IntoIterator<Item = #item>,
                    ) -> Self {
                        self.#ident.get_or_default().extend(#items);
                        self
                    }
                }
            }
            Reducer::Add | Reducer::With(_) => quote! {
                #docs
                #visibility fn #ident(mut self, value: #taken) -> Self {
                    self.#ident.get_or_default().push(#value);
                    self
                }
            },
        }
    }

    /// The setter that goes past the reducer; a plain field has no need of one.
    fn overwriter(&self, visibility: &syn::Visibility) -> Option<TokenStream> {
        if matches!(self.reducer, Reducer::Plain) {
            return None;
        }
        let (ident, ty) = (self.ident, self.ty);
        let name = format_ident!("overwrite_{}", self.text());
        let doc = format!(
            "Replaces `{ident}` whatever its reducer says; other writes of it in the same superstep do not count."
        );
        Some(quote! {
            #[doc = #doc]
            #visibility fn #name(mut self, value: #ty) -> Self {
                self.#ident = ::medha_graph::__private::Change::Overwrite(value);
                self
            }
        })
    }

    fn merge(&self) -> TokenStream {
        let ident = self.ident;
        let text = self.text();
        let merged = match &self.reducer {
            Reducer::Plain => quote!(self.#ident = value;),
            Reducer::Append => quote!(::medha_graph::reducer::append(&mut self.#ident, value);),
            Reducer::Merge => quote!(::medha_graph::reducer::merge(&mut self.#ident, value);),
            Reducer::Add => quote! {
                for one in value {
                    ::medha_graph::reducer::add(&mut self.#ident, &one)
                        .map_err(|error| ::medha_graph::MergeError::new(#text, error))?;
                }
            },
            Reducer::With(path) => quote! {
                for one in value {
                    ::medha_graph::reducer::Reduced::into_result(#path(&mut self.#ident, one))
                        .map_err(|error| ::medha_graph::MergeError::new(#text, error))?;
                }
            },
        };
        quote! {
            match update.#ident {
                ::medha_graph::__private::Change::Set(value) => { #merged }
                ::medha_graph::__private::Change::Overwrite(value) => self.#ident = value,
                ::medha_graph::__private::Change::Keep => {}
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

fn reducer_of(field: &Field) -> Result<Reducer> {
    let mut reducer = Reducer::Plain;
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("state")) {
        attribute.parse_nested_meta(|meta| {
            if !matches!(reducer, Reducer::Plain) {
                return Err(meta.error("a field has one reducer"));
            }
            reducer = if meta.path.is_ident("append") {
                Reducer::Append
            } else if meta.path.is_ident("add") {
                Reducer::Add
            } else if meta.path.is_ident("merge") {
                Reducer::Merge
            } else if meta.path.is_ident("with") {
                Reducer::With(meta.value()?.parse()?)
            } else {
                return Err(meta
                    .error("unknown reducer; use `append`, `add`, `merge` or `with = path::to::function`"));
            };
            Ok(())
        })?;
    }
    Ok(reducer)
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

fn is_path(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == name))
}

fn inner_of<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    if last.ident != name {
        return None;
    }
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(inner) => Some(inner),
        _ => None,
    })
}
