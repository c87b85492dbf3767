//! Finding by meaning: the embedder a program gives, which parts of documents it is shown, and how close vectors are.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use futures_core::future::BoxFuture;
use serde_json::Value;

use super::error::StoreError;
use super::item::{Indexing, Put};
use super::path::{JsonPath, PathError};
use super::search::{Query, Search};

/// Makes vectors of texts, so that texts of like meaning get like vectors. Usually a call to a model.
///
/// ```
/// use futures_util::future::BoxFuture;
/// use medha_graph::store::{Embed, EmbedError};
///
/// /// Knows two topics by a word each.
/// #[derive(Debug)]
/// struct Topics;
///
/// impl Embed for Topics {
///     fn dimensions(&self) -> usize { 2 }
///     fn embed<'a>(
///         &'a self,
///         texts: &'a [String],
///     ) -> BoxFuture<'a, Result<Vec<Vec<f32>>, EmbedError>> {
///         let count = |text: &String, word| text.matches(word).count() as f32;
///         let vectors = texts.iter().map(|text| vec![count(text, "tea"), count(text, "rain")]).collect();
///         Box::pin(async { Ok(vectors) })
///     }
/// }
/// ```
pub trait Embed: fmt::Debug + Send + Sync + 'static {
    /// How long its vectors are.
    fn dimensions(&self) -> usize;

    /// One vector for each text, in order.
    fn embed<'a>(&'a self, texts: &'a [String]) -> BoxFuture<'a, Result<Vec<Vec<f32>>, EmbedError>>;

    /// The vector of a query, for models that treat questions unlike documents.
    fn embed_query<'a>(&'a self, query: &'a str) -> BoxFuture<'a, Result<Vec<f32>, EmbedError>> {
        Box::pin(async move {
            let vectors = self.embed(&[query.to_owned()]).await?;
            vectors.into_iter().next().ok_or_else(|| "it returned no vector".into())
        })
    }
}

/// Why an embedder failed: any error.
pub type EmbedError = Box<dyn Error + Send + Sync>;

/// What a store finds items by: an embedder, and the parts of documents it is shown.
///
/// Each part gets a vector of its own, and the closest decides. Texts are shown as they are, other values as JSON;
/// nulls and empty texts are left out.
#[derive(Clone, Debug)]
pub struct VectorIndex {
    embedder: Arc<dyn Embed>,
    paths: Vec<JsonPath>,
}

impl VectorIndex {
    /// Indexes these parts of every document.
    ///
    /// ```
    /// # use futures_util::future::BoxFuture;
    /// # #[derive(Debug)] struct Model;
    /// # impl medha_graph::store::Embed for Model {
    /// #     fn dimensions(&self) -> usize { 1 }
    /// #     fn embed<'a>(&'a self, texts: &'a [String])
    /// #         -> BoxFuture<'a, Result<Vec<Vec<f32>>, medha_graph::store::EmbedError>> {
    /// #         Box::pin(async { Ok(texts.iter().map(|text| vec![text.len() as f32]).collect()) })
    /// #     }
    /// # }
    /// use medha_graph::MemoryStore;
    /// use medha_graph::store::VectorIndex;
    ///
    /// let store = MemoryStore::new().with_index(VectorIndex::new(Model, ["title", "chapters[*].summary"])?);
    /// # Ok::<(), medha_graph::store::PathError>(())
    /// ```
    pub fn new(embedder: impl Embed, paths: impl IntoIterator<Item: AsRef<str>>) -> Result<Self, PathError> {
        let paths = paths.into_iter().map(|path| path.as_ref().parse()).collect::<Result<_, _>>()?;
        Ok(Self { embedder: Arc::new(embedder), paths })
    }

    /// How long its vectors are.
    pub fn dimensions(&self) -> usize {
        self.embedder.dimensions()
    }

    /// The texts a document is found by.
    pub fn texts(&self, put: &Put) -> Vec<String> {
        let paths = match &put.indexing {
            Indexing::Standard => &self.paths,
            Indexing::Nothing => &Vec::new(),
            Indexing::Paths(paths) => paths,
        };
        let parts = paths.iter().flat_map(|path| path.select(&put.value));
        parts.filter_map(text).collect()
    }

    /// One vector for each text, checked.
    pub async fn vectors(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, StoreError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let vectors = self.embedder.embed(texts).await.map_err(StoreError::Embedding)?;
        if vectors.len() != texts.len() {
            let why = format!("it returned {} vectors for {} texts", vectors.len(), texts.len());
            return Err(StoreError::Embedding(why.into()));
        }
        vectors.iter().try_for_each(|vector| self.check(vector))?;
        Ok(vectors)
    }

    /// The vector of a query, checked.
    pub async fn query(&self, query: &Query) -> Result<Vec<f32>, StoreError> {
        let vector = match query {
            Query::Vector(vector) => vector.clone(),
            Query::Text(text) => self.embedder.embed_query(text).await.map_err(StoreError::Embedding)?,
        };
        self.check(&vector)?;
        Ok(vector)
    }

    fn check(&self, vector: &[f32]) -> Result<(), StoreError> {
        let (wanted, found) = (self.dimensions(), vector.len());
        if wanted != found {
            return Err(StoreError::Dimensions { wanted, found });
        }
        match vector.iter().find(|number| !number.is_finite()) {
            Some(number) => Err(StoreError::Embedding(format!("a vector holds {number}").into())),
            None => Ok(()),
        }
    }
}

/// The vector of what a search is about, if it is about anything; an error if there is nothing to compare with.
pub(super) async fn query_vector(
    index: Option<&VectorIndex>,
    search: &Search,
) -> Result<Option<Vec<f32>>, StoreError> {
    match (&search.query, index) {
        (None, _) => Ok(None),
        (Some(_), None) => Err(StoreError::NoEmbedder),
        (Some(query), Some(index)) => index.query(query).await.map(Some),
    }
}

/// How close the closest of these vectors is to the query, from -1 to 1; nothing if there are none.
pub fn closeness<'v>(query: &[f32], vectors: impl IntoIterator<Item = &'v [f32]>) -> Option<f32> {
    vectors.into_iter().map(|vector| cosine(query, vector)).max_by(f32::total_cmp)
}

/// The cosine of the angle between two vectors; a vector of zeros is like no other.
fn cosine(left: &[f32], right: &[f32]) -> f32 {
    let dot =
        |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
    let lengths = (dot(left, left) * dot(right, right)).sqrt();
    // Adding nothing makes the negative zero a plain one, so that both are in one place of an order.
    if lengths > 0.0 { (dot(left, right) / lengths).clamp(-1.0, 1.0) as f32 + 0.0 } else { 0.0 }
}

fn text(part: &Value) -> Option<String> {
    match part {
        Value::Null => None,
        Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Some(part.to_string()),
    }
}
