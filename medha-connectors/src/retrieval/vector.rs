//! Vectors with a byte a number: a quarter of the memory to walk through, and their cosines differ in the third digit.

/// A vector of length 1, or of nothing but zeros.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Vector {
    codes: Vec<i8>,
    /// What a code of 1 stands for.
    scale: f32,
}

impl Vector {
    /// Normalised; `None` if a number is not finite.
    pub(super) fn of(numbers: &[f32]) -> Option<Self> {
        if numbers.iter().any(|number| !number.is_finite()) {
            return None;
        }
        let largest = numbers.iter().fold(0.0_f32, |largest, number| largest.max(number.abs()));
        if largest == 0.0 {
            return Some(Self { codes: vec![0; numbers.len()], scale: 0.0 });
        }
        #[allow(clippy::cast_possible_truncation, reason = "it is rounded, and between -127 and 127")]
        let codes: Vec<i8> = numbers.iter().map(|number| (number / largest * 127.0).round() as i8).collect();
        #[allow(clippy::cast_precision_loss, reason = "a sum of squares of bytes")]
        let length = (dot(&codes, &codes) as f32).sqrt();
        Some(Self { codes, scale: 1.0 / length })
    }

    /// The scale as four bytes, least first, then the codes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let codes = self.codes.iter().map(|code| code.cast_unsigned());
        self.scale.to_le_bytes().into_iter().chain(codes).collect()
    }

    /// As pgvector writes it.
    pub(super) fn to_text(&self) -> String {
        let numbers: Vec<String> =
            self.codes.iter().map(|code| (f32::from(*code) * self.scale).to_string()).collect();
        format!("[{}]", numbers.join(","))
    }
}

/// Vectors of one length, one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    dimensions: usize,
    codes: Vec<i8>,
    scales: Vec<f32>,
}

impl Rows {
    pub(super) fn new(dimensions: usize) -> Self {
        Self { dimensions, ..Self::default() }
    }

    /// Puts a stored vector in a place, which may be the one behind the last; `None` if it is none of this length.
    pub(super) fn put(&mut self, place: usize, bytes: &[u8]) -> Option<()> {
        let (scale, codes) = bytes.split_first_chunk::<4>()?;
        if codes.len() != self.dimensions {
            return None;
        }
        let codes = codes.iter().map(|code| code.cast_signed());
        if place == self.scales.len() {
            self.codes.extend(codes);
            self.scales.push(f32::from_le_bytes(*scale));
        } else {
            let begin = place * self.dimensions;
            let target = self.codes.get_mut(begin..begin + self.dimensions)?;
            target.iter_mut().zip(codes).for_each(|(to, from)| *to = from);
            *self.scales.get_mut(place)? = f32::from_le_bytes(*scale);
        }
        Some(())
    }

    /// Takes one out; the last takes its place.
    pub(super) fn swap_remove(&mut self, place: usize) {
        let last = self.scales.len() - 1;
        let from = last * self.dimensions;
        self.codes.copy_within(from..from + self.dimensions, place * self.dimensions);
        self.codes.truncate(from);
        self.scales.swap_remove(place);
    }

    /// The cosine of the vector with each.
    pub(super) fn cosines(&self, vector: &Vector) -> Vec<f32> {
        if self.dimensions == 0 || vector.codes.len() != self.dimensions {
            return vec![0.0; self.scales.len()];
        }
        let rows = self.codes.chunks_exact(self.dimensions).zip(&self.scales);
        #[allow(clippy::cast_precision_loss, reason = "a sum of products of bytes")]
        rows.map(|(codes, scale)| dot(codes, &vector.codes) as f32 * scale * vector.scale).collect()
    }
}

/// A loop the compiler turns into vector instructions: bytes widened to 16 bits, multiplied and added in pairs.
fn dot(one: &[i8], other: &[i8]) -> i32 {
    one.iter().zip(other).map(|(a, b)| i32::from(i16::from(*a) * i16::from(*b))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosines_are_right_to_the_second_digit() {
        let (one, other) = ([3.0, 4.0, 0.0], [4.0, 3.0, 0.0]);
        let mut rows = Rows::new(3);
        rows.put(0, &Vector::of(&one).unwrap().to_bytes()).unwrap();
        rows.put(1, &Vector::of(&[0.0, 0.0, 9.0]).unwrap().to_bytes()).unwrap();
        let cosines = rows.cosines(&Vector::of(&other).unwrap());
        assert!((cosines[0] - 0.96).abs() < 0.005, "{cosines:?}");
        assert_eq!(cosines[1], 0.0);
    }

    #[test]
    fn a_vector_of_zeros_is_like_nothing_and_one_of_no_number_is_refused() {
        let zero = Vector::of(&[0.0, 0.0]).unwrap();
        let mut rows = Rows::new(2);
        rows.put(0, &zero.to_bytes()).unwrap();
        assert_eq!(rows.cosines(&Vector::of(&[1.0, 1.0]).unwrap()), [0.0]);
        assert_eq!(zero.to_text(), "[0,0]");
        assert_eq!(Vector::of(&[f32::NAN, 1.0]), None);
        assert_eq!(Vector::of(&[f32::INFINITY, 1.0]), None);
    }

    #[test]
    fn the_last_takes_the_place_of_what_is_taken_out() {
        let mut rows = Rows::new(2);
        for (place, numbers) in [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]].iter().enumerate() {
            rows.put(place, &Vector::of(numbers).unwrap().to_bytes()).unwrap();
        }
        rows.swap_remove(0);
        let cosines = rows.cosines(&Vector::of(&[-1.0, 0.0]).unwrap());
        assert_eq!(cosines.len(), 2);
        assert!((cosines[0] - 1.0).abs() < 0.001 && cosines[1] == 0.0, "{cosines:?}");
        rows.swap_remove(1);
        rows.swap_remove(0);
        assert!(rows.cosines(&Vector::of(&[1.0, 0.0]).unwrap()).is_empty());
    }

    #[test]
    fn the_bytes_of_a_vector_are_these() {
        let vector = Vector::of(&[2.0, -1.0]).unwrap();
        assert_eq!(vector.to_bytes()[4..], [127, (-64_i8).cast_unsigned()]);
        assert_eq!(Rows::new(3).put(0, &vector.to_bytes()), None);
        assert_eq!(Rows::new(2).put(0, &[1, 2]), None);
    }
}
