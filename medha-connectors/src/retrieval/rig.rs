//! Any embedding model of rig as an [`Embedder`].

use std::fmt;

use async_trait::async_trait;
use rig_core::DynModel;
use rig_core::operation::Embedding;

use super::embedder::{EmbedError, Embedder};

/// An embedding model that [rig](https://docs.rs/rig-core) speaks to: Gemini's, Mistral's, Ollama's, one that runs in this
/// process.
///
/// Its name in an index is the provider's and the model's. A collection keeps the name, so another model is noticed and its
/// vectors are never mixed with those that are there. A model without an id has its provider's name alone, so give a model of
/// your own an id.
///
/// ```
/// use medha_connectors::retrieval::{Embedder, RigEmbedder};
/// use rig_core::driver::{Exchange, Local, Model, Opened, Opening, Step, Transport};
/// use rig_core::embeddings::{Embedding, EmbeddingResponse};
/// use rig_core::wire::Capabilities;
/// use rig_core::ProviderError;
///
/// // Models of providers come from `rig_core::providers`. This one runs here.
/// struct Lengths;
/// impl Transport<Local<rig_core::operation::Embedding>> for Lengths {
///     fn send(&self, texts: Vec<String>, _: Exchange) -> Opening<Step<rig_core::operation::Embedding>> {
///         let vectors = texts.into_iter().map(|document| Embedding { vec: vec![document.len() as f64, 1.0], document });
///         let reply = Step::End(EmbeddingResponse::new(vectors.collect()));
///         Opening::ready(Opened::new(futures_util::stream::iter([Ok::<_, ProviderError>(reply)])))
///     }
/// }
/// let wire = Local::new("here").with_id("lengths-1").with_capabilities(Capabilities::embedding(16, 2));
/// let embedder = RigEmbedder::new(Model::new(wire, Lengths))?;
///
/// assert_eq!((embedder.id(), embedder.dimensions()), ("here/lengths-1", 2));
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// assert_eq!(runtime.block_on(embedder.embed_query("abc"))?, [3.0, 1.0]);
/// # Ok::<(), medha_connectors::retrieval::EmbedError>(())
/// ```
#[derive(Clone)]
pub struct RigEmbedder {
    model: DynModel<Embedding>,
    id: String,
    dimensions: usize,
}

impl RigEmbedder {
    /// Takes a model that says how many numbers its vectors have.
    ///
    /// # Errors
    /// If it does not say; [`with_dimensions`](Self::with_dimensions) says it for it.
    pub fn new(model: impl Into<DynModel<Embedding>>) -> Result<Self, EmbedError> {
        let model = model.into();
        let said = model.capabilities();
        match said.declared.filter(|declared| *declared > 0).unwrap_or(said.ndims) {
            0 => Err(format!(
                "the model {:?} does not say how many numbers its vectors have; use RigEmbedder::with_dimensions",
                name(&model)
            )
            .into()),
            dimensions => Ok(Self::with_dimensions(model, dimensions)),
        }
    }

    /// Takes a model whose vectors have so many numbers.
    pub fn with_dimensions(model: impl Into<DynModel<Embedding>>, dimensions: usize) -> Self {
        let model = model.into();
        Self { id: name(&model), model, dimensions }
    }
}

fn name(model: &DynModel<Embedding>) -> String {
    match model.id() {
        Some(id) => format!("{}/{id}", model.name()),
        None => model.name().to_owned(),
    }
}

#[async_trait]
impl Embedder for RigEmbedder {
    fn id(&self) -> &str {
        &self.id
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let at_a_time = match self.model.capabilities().max_documents {
            0 => texts.len().max(1),
            most => most,
        };
        let mut vectors = Vec::with_capacity(texts.len());
        for some in texts.chunks(at_a_time) {
            let reply = self.model.call(some.to_vec()).await?;
            #[allow(clippy::cast_possible_truncation, reason = "an index keeps a byte a number")]
            vectors.extend(reply.embeddings.into_iter().map(|embedding| -> Vec<f32> {
                embedding.vec.into_iter().map(|number| number as f32).collect()
            }));
        }
        Ok(vectors)
    }
}

impl fmt::Debug for RigEmbedder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RigEmbedder")
            .field("id", &self.id)
            .field("dimensions", &self.dimensions)
            .finish_non_exhaustive()
    }
}
