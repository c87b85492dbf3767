//! What makes vectors of texts.

use std::fmt;

use async_trait::async_trait;

use super::error::RetrievalError;
use super::vector::Vector;

/// Why an embedder has no vectors to give: any error converts with `?`.
pub type EmbedError = Box<dyn std::error::Error + Send + Sync>;

/// Makes vectors of texts, so that texts that mean the same lie close together.
///
/// Any embedding model can be one: it needs a name that changes when its vectors do, and a call. What an index stores is
/// normalised and kept with a byte a number.
///
/// ```
/// use async_trait::async_trait;
/// use medha_connectors::retrieval::{EmbedError, Embedder};
///
/// /// What a client of an embedding service looks like.
/// #[derive(Debug)]
/// struct Client;
/// impl Client {
///     async fn embed_texts(&self, model: &str, texts: &[String]) -> Result<Vec<Vec<f64>>, std::io::Error> {
///         # let _ = model;
///         Ok(texts.iter().map(|text| vec![text.len() as f64, 1.0, 0.0]).collect())
///     }
/// }
///
/// #[derive(Debug)]
/// struct Model { client: Client }
///
/// #[async_trait]
/// impl Embedder for Model {
///     fn id(&self) -> &str { "acme-small-2" }
///     fn dimensions(&self) -> usize { 3 }
///     async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
///         let vectors = self.client.embed_texts("acme-small-2", texts).await?;
///         Ok(vectors.into_iter().map(|vector| vector.into_iter().map(|x| x as f32).collect()).collect())
///     }
/// }
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// assert_eq!(Model { client: Client }.embed_query("abc").await?, [3.0, 1.0, 0.0]);
/// # Ok::<(), EmbedError>(())
/// # })?;
/// # Ok::<(), EmbedError>(())
/// ```
#[async_trait]
pub trait Embedder: fmt::Debug + Send + Sync {
    /// A name for exactly these vectors: model and version. It is stored with every collection.
    fn id(&self) -> &str;

    /// How many numbers a vector has.
    fn dimensions(&self) -> usize;

    /// Makes a vector for each text, in order.
    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError>;

    /// Makes the vector of a question, for models that treat questions in their own way.
    async fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        let vectors = self.embed(&[text.to_owned()]).await?;
        vectors.into_iter().next().ok_or_else(|| "it gave no vector for the question".into())
    }

    /// Cosines up to this say nothing; such entries are not found by their vectors.
    fn noise(&self) -> f32 {
        0.0
    }
}

/// The vectors of texts, checked.
pub(super) async fn vectors(
    embedder: &dyn Embedder,
    texts: &[String],
) -> Result<Vec<Vector>, RetrievalError> {
    let made = embedder.embed(texts).await.map_err(|error| failed(embedder, error.to_string()))?;
    if made.len() != texts.len() {
        let reason = format!("it gave {} vectors for {} texts", made.len(), texts.len());
        return Err(failed(embedder, reason));
    }
    made.iter().map(|numbers| checked(embedder, numbers)).collect()
}

/// The vector of a question, checked.
pub(super) async fn query_vector(embedder: &dyn Embedder, text: &str) -> Result<Vector, RetrievalError> {
    let made = embedder.embed_query(text).await.map_err(|error| failed(embedder, error.to_string()))?;
    checked(embedder, &made)
}

fn checked(embedder: &dyn Embedder, numbers: &[f32]) -> Result<Vector, RetrievalError> {
    if numbers.len() != embedder.dimensions() {
        let (has, said) = (numbers.len(), embedder.dimensions());
        return Err(failed(embedder, format!("it gave a vector of {has} numbers, and said {said}")));
    }
    Vector::of(numbers).ok_or_else(|| failed(embedder, "it gave a number that is not finite".to_owned()))
}

fn failed(embedder: &dyn Embedder, reason: String) -> RetrievalError {
    RetrievalError::Embedder { embedder: embedder.id().to_owned(), reason }
}
