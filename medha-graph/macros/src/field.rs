//! One field of a state: what its attributes say, and the code that follows from them.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::{Expr, Field, GenericArgument, Ident, Lit, Meta, Path, PathArguments, Result, Type, Visibility};

/// A field as the derive sees it.
pub(crate) struct StateField<'a> {
    pub(crate) ident: &'a Ident,
    ty: &'a Type,
    docs: Vec<&'a syn::Attribute>,
    reducer: Reducer,
    properties: Vec<Property>,
}

enum Reducer {
    Plain,
    Append,
    Add,
    Merge,
    /// The type of a message.
    Messages(Box<Type>),
    With(Path),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Property {
    Untracked,
    Ephemeral,
    Private,
}

impl<'a> StateField<'a> {
    pub(crate) fn parse(field: &'a Field) -> Result<Self> {
        let ident = field.ident.as_ref().expect("only named fields come here");
        let docs = field.attrs.iter().filter(|attribute| attribute.path().is_ident("doc")).collect();
        let (mut reducer, mut properties) = (Reducer::Plain, Vec::new());
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("state")) {
            attribute.parse_nested_meta(|meta| {
                if let Some(property) = property_of(&meta) {
                    if properties.contains(&property) {
                        return Err(meta.error("this is said twice"));
                    }
                    properties.push(property);
                    return check_ephemeral(&meta, &reducer, &properties);
                }
                if !matches!(reducer, Reducer::Plain) {
                    return Err(meta.error("a field has one reducer"));
                }
                reducer = reducer_of(&meta, &field.ty)?;
                check_ephemeral(&meta, &reducer, &properties)
            })?;
        }
        Ok(Self { ident, ty: &field.ty, docs, reducer, properties })
    }

    /// Its name without a leading `r#`.
    pub(crate) fn text(&self) -> String {
        self.ident.unraw().to_string()
    }

    /// How the engine sees it.
    pub(crate) fn listed(&self) -> TokenStream {
        let text = self.text();
        let collected = |storage: TokenStream| quote!(::medha_graph::state::Field::collected(#text, ::medha_graph::state::Storage::#storage));
        let field = match self.reducer {
            Reducer::Plain => quote!(::medha_graph::state::Field::exclusive(#text)),
            Reducer::Add | Reducer::With(_) => quote!(::medha_graph::state::Field::reduced(#text)),
            Reducer::Append => collected(quote!(Append)),
            Reducer::Merge => collected(quote!(Merge)),
            Reducer::Messages(_) => collected(quote!(Messages)),
        };
        let properties = self.properties.iter().map(|property| match property {
            Property::Untracked => quote!(.untracked()),
            Property::Ephemeral => quote!(.ephemeral()),
            Property::Private => quote!(.private()),
        });
        let ty = self.ty;
        let always = quote!({
            #[allow(unused_imports, reason = "the trait answers only where the type does not")]
            use ::medha_graph::__private::AnyReadBack as _;
            ::medha_graph::__private::ReadBack::<#ty>::ALWAYS
        });
        quote!(#field.reading_back(#always) #(#properties)*)
    }

    pub(crate) fn field_json(&self) -> TokenStream {
        let ident = self.ident;
        quote!(::medha_graph::__private::Json::of(&self.#ident))
    }

    pub(crate) fn set_field(&self) -> TokenStream {
        let ident = self.ident;
        quote!(self.#ident = ::medha_graph::__private::from_str(json.get())?)
    }

    pub(crate) fn clear_field(&self) -> TokenStream {
        let ident = self.ident;
        quote!(self.#ident = <Self as ::core::default::Default>::default().#ident)
    }

    pub(crate) fn write_json(&self) -> TokenStream {
        let ident = self.ident;
        quote!(self.#ident.to_json())
    }

    pub(crate) fn set_write(&self) -> TokenStream {
        let ident = self.ident;
        quote!(self.#ident = ::medha_graph::__private::Change::from_json(mode, json)?)
    }

    pub(crate) fn forget(&self) -> TokenStream {
        let ident = self.ident;
        quote!(self.#ident = ::medha_graph::__private::Change::Keep)
    }

    /// Its JSON schemas; a type without one is left open.
    pub(crate) fn schema(&self) -> TokenStream {
        let ty = self.ty;
        let known = |ty: &Type| quote!((&::medha_graph::__private::Probe::<#ty>::NEW).known_schema(schemas));
        let schema = match &self.reducer {
            Reducer::Plain => {
                let value = known(ty);
                quote!(::medha_graph::json::FieldSchema::plain(#value))
            }
            Reducer::Append | Reducer::Merge => {
                let value = known(ty);
                quote!(::medha_graph::json::FieldSchema::collected(#value))
            }
            Reducer::Messages(message) => {
                let message = known(message);
                quote!(::medha_graph::json::FieldSchema::messages(#message))
            }
            Reducer::Add | Reducer::With(_) => {
                let value = known(ty);
                quote!(::medha_graph::json::FieldSchema::each(#value))
            }
        };
        let text = self.docs.iter().filter_map(|attribute| doc_text(attribute)).collect::<Vec<_>>().join(" ");
        if text.is_empty() { schema } else { quote!(#schema.described(#text)) }
    }

    /// What the update holds: single writes to fold are a list, so that none is lost.
    pub(crate) fn held(&self) -> TokenStream {
        let ty = self.ty;
        match &self.reducer {
            Reducer::Plain => quote!(::medha_graph::__private::Change<#ty>),
            Reducer::Append | Reducer::Merge => quote!(::medha_graph::__private::Change<#ty, #ty>),
            Reducer::Messages(message) => quote! {
                ::medha_graph::__private::Change<
                    ::medha_graph::reducer::Messages<#message>,
                    ::medha_graph::reducer::Conversation<#message>,
                >
            },
            Reducer::Add | Reducer::With(_) => {
                quote!(::medha_graph::__private::Change<::std::vec::Vec<#ty>, #ty>)
            }
        }
    }

    pub(crate) fn setter(&self, visibility: &Visibility) -> TokenStream {
        let (ident, ty, docs) = (self.ident, self.ty, &self.docs);
        let fallback = match self.reducer {
            Reducer::Plain => format!("Sets `{ident}`."),
            Reducer::Append => format!("Appends items to `{ident}`."),
            Reducer::Add => format!("Adds to `{ident}`."),
            Reducer::Merge => format!("Merges entries into `{ident}`."),
            Reducer::Messages(_) => {
                format!("Puts messages into `{ident}`: in place of those of the same id, or last.")
            }
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
            Reducer::Append | Reducer::Merge | Reducer::Messages(_) => {
                let strings = inner_of(ty, "Vec").is_some_and(|inner| is_path(inner, "String"));
                let (item, items) = if strings {
                    (
                        quote!(impl ::core::convert::Into<::std::string::String>),
                        quote!(items.into_iter().map(::core::convert::Into::into)),
                    )
                } else {
                    (quote!(<#ty as ::core::iter::IntoIterator>::Item), quote!(items))
                };
                let collect = match self.reducer {
                    Reducer::Messages(_) => quote!(put),
                    Reducer::Plain | Reducer::Append | Reducer::Add | Reducer::Merge | Reducer::With(_) => {
                        quote!(extend)
                    }
                };
                quote! {
                    #docs
                    #visibility fn #ident(
                        mut self,
                        items: impl ::core::iter::IntoIterator<Item = #item>,
                    ) -> Self {
                        if let ::core::option::Option::Some(held) = self.#ident.held() { held.#collect(#items); }
                        self
                    }
                }
            }
            Reducer::Add | Reducer::With(_) => quote! {
                #docs
                #visibility fn #ident(mut self, value: #taken) -> Self {
                    if let ::core::option::Option::Some(held) = self.#ident.held() { held.push(#value); }
                    self
                }
            },
        }
    }

    /// The setters besides the one of its name: past the reducer (a plain field has no need of that), and what else can
    /// be done to messages.
    pub(crate) fn more_setters(&self, visibility: &Visibility) -> TokenStream {
        let (ident, ty, text) = (self.ident, self.ty, self.text());
        let overwrite = format_ident!("overwrite_{text}");
        let overwrite_doc = format!(
            "Replaces `{ident}` whatever its reducer says; other writes of it in this update, and by other tasks of the \
             same superstep, do not count."
        );
        let set_overwrite = |value: TokenStream| {
            quote! {
                #[doc = #overwrite_doc]
                #visibility fn #overwrite(mut self, value: #ty) -> Self {
                    self.#ident = ::medha_graph::__private::Change::Overwrite(#value);
                    self
                }
            }
        };
        match self.reducer {
            Reducer::Plain => TokenStream::new(),
            Reducer::Append | Reducer::Add | Reducer::Merge | Reducer::With(_) => {
                set_overwrite(quote!(value))
            }
            Reducer::Messages(_) => {
                let overwrite = set_overwrite(quote!(::medha_graph::reducer::Conversation::new(value)));
                let (remove, clear) = (format_ident!("remove_{text}"), format_ident!("clear_{text}"));
                let remove_doc =
                    format!("Removes messages of `{ident}` by id; an id that no message has is refused.");
                let clear_doc =
                    format!("Removes every message of `{ident}` that is there before the next one is put.");
                quote! {
                    #overwrite
                    #[doc = #remove_doc]
                    #visibility fn #remove(
                        mut self,
                        ids: impl ::core::iter::IntoIterator<
                            Item = impl ::core::convert::Into<::std::string::String>,
                        >,
                    ) -> Self {
                        if let ::core::option::Option::Some(held) = self.#ident.held() { held.remove(ids); }
                        self
                    }
                    #[doc = #clear_doc]
                    #visibility fn #clear(mut self) -> Self {
                        if let ::core::option::Option::Some(held) = self.#ident.held() { held.clear(); }
                        self
                    }
                }
            }
        }
    }

    pub(crate) fn merge(&self) -> TokenStream {
        let ident = self.ident;
        let text = self.text();
        let refused = quote!(|error| ::medha_graph::state::MergeError::new(#text, error));
        let merged = match &self.reducer {
            Reducer::Plain => quote!(self.#ident = value;),
            Reducer::Append => quote!(::medha_graph::reducer::append(&mut self.#ident, value);),
            Reducer::Merge => quote!(::medha_graph::reducer::merge(&mut self.#ident, value);),
            Reducer::Messages(_) => quote! {
                ::medha_graph::reducer::put_messages(&mut self.#ident, value).map_err(#refused)?;
            },
            Reducer::Add => quote! {
                for one in value {
                    ::medha_graph::reducer::add(&mut self.#ident, &one).map_err(#refused)?;
                }
            },
            Reducer::With(path) => quote! {
                for one in value {
                    ::medha_graph::reducer::Reduced::into_result(#path(&mut self.#ident, one)).map_err(#refused)?;
                }
            },
        };
        let overwritten = match self.reducer {
            Reducer::Messages(_) => quote!(value.into_messages()),
            Reducer::Plain | Reducer::Append | Reducer::Add | Reducer::Merge | Reducer::With(_) => {
                quote!(value)
            }
        };
        quote! {
            match update.#ident {
                ::medha_graph::__private::Change::Set(value) => { #merged }
                ::medha_graph::__private::Change::Overwrite(value) => self.#ident = #overwritten,
                ::medha_graph::__private::Change::Keep => {}
            }
        }
    }
}

fn property_of(meta: &ParseNestedMeta<'_>) -> Option<Property> {
    let properties = [
        ("untracked", Property::Untracked),
        ("ephemeral", Property::Ephemeral),
        ("private", Property::Private),
    ];
    properties.into_iter().find(|(name, _)| meta.path.is_ident(name)).map(|(_, property)| property)
}

fn reducer_of(meta: &ParseNestedMeta<'_>, ty: &Type) -> Result<Reducer> {
    const SCALARS: [&str; 16] = [
        "String", "bool", "char", "u8", "u16", "u32", "u64", "usize", "i8", "i16", "i32", "i64", "isize",
        "f32", "f64", "Option",
    ];
    let is_scalar = SCALARS.iter().any(|name| is_path(ty, name));
    let path = &meta.path;
    if path.is_ident("append") {
        if is_scalar {
            return Err(meta.error(
                "`append` collects items in a list such as `Vec<T>`; for one value use no reducer, `add` or `with = path::to::function`",
            ));
        }
        Ok(Reducer::Append)
    } else if path.is_ident("add") {
        Ok(Reducer::Add)
    } else if path.is_ident("merge") {
        if is_scalar || is_path(ty, "Vec") {
            return Err(meta.error(
                "`merge` puts entries in by key, into a map or a set; for a list use `append`, for other types `with = path::to::function`",
            ));
        }
        Ok(Reducer::Merge)
    } else if path.is_ident("messages") {
        let message = inner_of(ty, "Vec").ok_or_else(|| {
            meta.error("`messages` keeps a `Vec` of messages; make it a `Vec<M>` where `M` implements `medha_graph::reducer::Message`")
        })?;
        Ok(Reducer::Messages(Box::new(message.clone())))
    } else if path.is_ident("with") {
        Ok(Reducer::With(meta.value()?.parse()?))
    } else {
        Err(meta.error(
            "unknown attribute; a reducer is `append`, `add`, `merge`, `messages` or `with = path::to::function`, a property `untracked`, `ephemeral` or `private`",
        ))
    }
}

/// Messages that last one superstep are no conversation.
fn check_ephemeral(meta: &ParseNestedMeta<'_>, reducer: &Reducer, properties: &[Property]) -> Result<()> {
    if matches!(reducer, Reducer::Messages(_)) && properties.contains(&Property::Ephemeral) {
        return Err(
            meta.error("messages stay until they are removed, and `ephemeral` clears them; use `append`")
        );
    }
    Ok(())
}

fn doc_text(attribute: &syn::Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    match &pair.value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    }
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
