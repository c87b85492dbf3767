//! Geometry as people write it, from the bytes MySQL stores: four of the reference system, then well-known binary.

use std::fmt::Write as _;

/// Collections within collections; nobody draws deeper.
const MAX_DEPTH: usize = 16;

/// `POINT(1 2)`, or `None` if the bytes are no geometry.
pub(crate) fn as_text(bytes: &[u8]) -> Option<String> {
    let (_, shape) = bytes.split_at_checked(4)?;
    let mut reader = Reader { rest: shape, is_little: true };
    let mut text = String::new();
    reader.shape(&mut text, MAX_DEPTH)?;
    reader.rest.is_empty().then_some(text)
}

struct Reader<'a> {
    rest: &'a [u8],
    is_little: bool,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*taken)
    }

    fn number(&mut self) -> Option<u32> {
        let bytes = self.take()?;
        Some(if self.is_little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn coordinate(&mut self) -> Option<f64> {
        let bytes = self.take()?;
        Some(if self.is_little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) })
    }

    fn shape(&mut self, out: &mut String, depth: usize) -> Option<()> {
        let kind = self.head()?;
        out.push_str(match kind {
            1 => "POINT",
            2 => "LINESTRING",
            3 => "POLYGON",
            4 => "MULTIPOINT",
            5 => "MULTILINESTRING",
            6 => "MULTIPOLYGON",
            7 => "GEOMETRYCOLLECTION",
            _ => return None,
        });
        self.body(kind, out, depth.checked_sub(1)?)
    }

    fn head(&mut self) -> Option<u32> {
        let [order] = self.take()?;
        self.is_little = order == 1;
        self.number()
    }

    fn body(&mut self, kind: u32, out: &mut String, depth: usize) -> Option<()> {
        match kind {
            1 => {
                out.push('(');
                self.point(out)?;
                out.push(')');
                Some(())
            }
            2 => self.list(out, Self::point),
            3 => self.list(out, |reader, out| reader.list(out, Self::point)),
            // The parts of a collection of one kind have heads, but their names are not written.
            4..=6 => self.list(out, |reader, out| {
                let part = reader.head()?;
                reader.body(part, out, depth)
            }),
            _ => self.list(out, |reader, out| reader.shape(out, depth)),
        }
    }

    fn point(&mut self, out: &mut String) -> Option<()> {
        let (x, y) = (self.coordinate()?, self.coordinate()?);
        write!(out, "{x} {y}").ok()
    }

    fn list(
        &mut self,
        out: &mut String,
        mut item: impl FnMut(&mut Self, &mut String) -> Option<()>,
    ) -> Option<()> {
        let count = self.number()?;
        out.push('(');
        for place in 0..count {
            if place > 0 {
                out.push(',');
            }
            item(self, out)?;
        }
        out.push(')');
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_geometry_have_no_text() {
        let mut point = vec![0, 0, 0, 0, 1, 1, 0, 0, 0];
        point.extend(1.5_f64.to_le_bytes());
        point.extend((-2.0_f64).to_le_bytes());
        assert_eq!(as_text(&point).as_deref(), Some("POINT(1.5 -2)"));
        for length in 0..point.len() {
            assert_eq!(as_text(&point[..length]), None);
        }
        point.push(0);
        assert_eq!(as_text(&point), None);
        let nested: Vec<u8> = [0; 4].into_iter().chain([1, 7, 0, 0, 0, 1, 0, 0, 0].repeat(100)).collect();
        assert_eq!(as_text(&nested), None);
    }
}
