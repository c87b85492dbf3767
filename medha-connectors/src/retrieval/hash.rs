//! Vectors without a model: texts that have letters in common lie close together.

use async_trait::async_trait;

use super::embedder::{EmbedError, Embedder};
use super::words::words;

const DIMENSIONS: usize = 1024;

/// Hashes the letters of a text into 1,024 numbers. It needs no model and no network, forgives misspellings and knows nothing
/// of meaning.
///
/// Its id is `hash-ngram-1024-v1`, and its vectors never change under that id: the words of a text (lower case, without
/// accents, identifiers split) each have a space put before and after them; of each, every run of 3, 4 and 5 characters is
/// hashed with 64-bit FNV-1a over its UTF-8 bytes, followed by `MurmurHash3`'s 64-bit finaliser. The lowest ten bits say which
/// number it counts for, the highest bit whether it adds or subtracts one. Each number becomes its square root, with its
/// sign, and the vector is made 1 long.
///
/// ```
/// use medha_connectors::retrieval::HashEmbedder;
///
/// let cosine = |a: &str, b: &str| -> f32 {
///     HashEmbedder::vector(a).iter().zip(HashEmbedder::vector(b)).map(|(x, y)| x * y).sum()
/// };
/// assert!(cosine("customer_orders", "custommer ordres") > 0.4);
/// assert!(cosine("customer_orders", "weather") < 0.1);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct HashEmbedder;

impl HashEmbedder {
    /// The vector of a text; all zeros if it has no words.
    #[must_use]
    pub fn vector(text: &str) -> Vec<f32> {
        let mut vector = vec![0.0_f32; DIMENSIONS];
        for word in words(text).split(' ').filter(|word| !word.is_empty()) {
            let padded = format!(" {word} ");
            let starts: Vec<usize> =
                padded.char_indices().map(|(start, _)| start).chain([padded.len()]).collect();
            for length in 3..=5 {
                for ends in starts.windows(length + 1) {
                    let hash = hash(&padded.as_bytes()[ends[0]..ends[length]]);
                    let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
                    vector[(hash % DIMENSIONS as u64) as usize] += sign;
                }
            }
        }
        for number in &mut vector {
            *number = number.signum() * number.abs().sqrt();
        }
        let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
        if length > 0.0 {
            vector.iter_mut().for_each(|number| *number /= length);
        }
        vector
    }
}

#[async_trait]
impl Embedder for HashEmbedder {
    fn id(&self) -> &str {
        "hash-ngram-1024-v1"
    }

    fn dimensions(&self) -> usize {
        DIMENSIONS
    }

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        Ok(texts.iter().map(|text| Self::vector(text)).collect())
    }

    /// Texts with nothing in common meet in some numbers all the same: about one in the square root of 1,024 either way, and
    /// this is three times that.
    fn noise(&self) -> f32 {
        0.094
    }
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stored collections depend on these; another result needs another id.
    #[test]
    fn the_vectors_of_the_first_version_never_change() {
        assert_eq!(hash(b""), 0xefd0_1f60_ba99_2926);
        let signs = |text: &str| -> Vec<(i64, f32)> {
            let numbers = HashEmbedder::vector(text).into_iter().filter(|number| *number != 0.0);
            let places = HashEmbedder::vector(text).into_iter().zip(0..).filter(|(number, _)| *number != 0.0);
            assert!(numbers.map(|number| number * number).sum::<f32>() > 0.999);
            places.map(|(number, place)| (place, number.signum())).collect()
        };
        assert_eq!(signs("Ab"), [(268, 1.0), (362, 1.0), (751, 1.0)]);
        // Worked out with a program in another language.
        let found = signs("orderItems of the Café");
        assert_eq!(found[..6], [(73, -1.0), (96, 1.0), (104, -1.0), (112, -1.0), (119, 1.0), (146, 1.0)]);
        let sum: f32 = found.iter().map(|(place, sign)| *place as f32 * sign).sum();
        assert_eq!((found.len(), sum), (42, -4205.0));
        // "aaa" is in it four times, "aaaaa" twice, what has a space in it once.
        let mut sizes: Vec<f32> = HashEmbedder::vector("aaaaaa").into_iter().map(f32::abs).collect();
        sizes.sort_by(f32::total_cmp);
        let largest = sizes[1_023];
        let shares: Vec<f32> = sizes[1_015..].iter().map(|size| (size / largest).powi(2) * 4.0).collect();
        let expected = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 3.0, 4.0];
        assert!(
            shares.iter().zip(&expected).all(|(share, count)| (share - count).abs() < 0.01),
            "{shares:?}"
        );
    }

    #[test]
    fn a_text_without_words_has_no_direction() {
        assert!(HashEmbedder::vector("?! \u{0}").iter().all(|number| *number == 0.0));
    }
}
