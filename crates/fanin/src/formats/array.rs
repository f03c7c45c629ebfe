//! What a binary file of numbers holds: typed elements as they lie in the file, and their shape.

/// A dense array of numbers, still in the bytes of its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Length along each axis; none for a single number.
    pub shape: Vec<usize>,
    /// Type of the elements.
    pub element: Element,
    /// Byte order of the elements.
    pub endian: Endian,
    /// Which index runs fastest in `bytes`.
    pub order: Order,
    /// The elements: product of `shape` times [`Element::size`] bytes.
    pub bytes: Vec<u8>,
}

/// Type of the elements of an [`Array`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// 0 or 1 in a byte.
    Bool,
    /// Unsigned, 1 byte.
    U8,
    /// Signed, 1 byte.
    I8,
    /// Unsigned, 2 bytes.
    U16,
    /// Signed, 2 bytes.
    I16,
    /// Unsigned, 4 bytes.
    U32,
    /// Signed, 4 bytes.
    I32,
    /// Unsigned, 8 bytes.
    U64,
    /// Signed, 8 bytes.
    I64,
    /// IEEE 754 half precision.
    F16,
    /// IEEE 754 single precision.
    F32,
    /// IEEE 754 double precision.
    F64,
}

/// Byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endian {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

/// Which index runs fastest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The last, as in C: rows one after the other.
    Row,
    /// The first, as in Fortran: columns one after the other.
    Column,
}

impl Element {
    /// Bytes of one element.
    pub const fn size(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 | Self::F16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }
}

impl Element {
    /// Whether it holds whole numbers only.
    pub const fn is_integer(self) -> bool {
        !matches!(self, Self::F16 | Self::F32 | Self::F64)
    }
}

impl Array {
    /// Length along the first axis.
    pub fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Elements under one index of the first axis; without rows it may be any number.
    pub fn row_elements(&self) -> usize {
        self.shape.iter().skip(1).fold(1, |product, &n| product.saturating_mul(n))
    }

    /// All numbers, row after row whatever the order in the file, widened to `f64`.
    ///
    /// Integers beyond 2⁵³ are rounded.
    pub fn numbers(&self) -> impl Iterator<Item = f64> + '_ {
        (0..self.bytes.len() / self.element.size())
            .map(move |index| self.number(self.position(index)))
    }

    /// The elements themselves, if each is an unsigned byte and they lie row after row.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        (self.element == Element::U8 && self.order == Order::Row).then_some(&self.bytes)
    }

    /// Where the element that is number `index` in row order lies in the file.
    fn position(&self, index: usize) -> usize {
        match self.order {
            Order::Row => index,
            Order::Column => {
                let mut rest = index;
                let mut position = 0;
                for (axis, &length) in self.shape.iter().enumerate().rev() {
                    let stride: usize = self.shape[..axis].iter().product();
                    position += (rest % length) * stride;
                    rest /= length;
                }
                position
            }
        }
    }

    fn number(&self, position: usize) -> f64 {
        let start = position * self.element.size();
        match self.element {
            Element::Bool | Element::U8 => f64::from(self.bytes[start]),
            Element::I8 => f64::from(self.bytes[start] as i8),
            Element::U16 => f64::from(u16::from_le_bytes(self.little(start))),
            Element::I16 => f64::from(i16::from_le_bytes(self.little(start))),
            Element::U32 => f64::from(u32::from_le_bytes(self.little(start))),
            Element::I32 => f64::from(i32::from_le_bytes(self.little(start))),
            Element::U64 => u64::from_le_bytes(self.little(start)) as f64,
            Element::I64 => i64::from_le_bytes(self.little(start)) as f64,
            Element::F16 => f64::from(half::f16::from_le_bytes(self.little(start))),
            Element::F32 => f64::from(f32::from_le_bytes(self.little(start))),
            Element::F64 => f64::from_le_bytes(self.little(start)),
        }
    }

    /// The `N` bytes from `start`, least significant first.
    fn little<const N: usize>(&self, start: usize) -> [u8; N] {
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.bytes[start..start + N]);
        if self.endian == Endian::Big {
            bytes.reverse();
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn column_order_is_read_row_by_row() {
        let array = Array {
            shape: vec![2, 3, 2],
            element: Element::U8,
            endian: Endian::Little,
            order: Order::Column,
            bytes: (0..12).collect(),
        };
        let numbers: Vec<f64> = array.numbers().collect();
        assert_eq!(numbers, [0., 6., 2., 8., 4., 10., 1., 7., 3., 9., 5., 11.]);
    }

    #[test]
    fn every_element_type_reads_minus_two_or_two_in_both_byte_orders() {
        fn check(element: Element, little: &[u8], expected: f64) {
            for endian in [Endian::Little, Endian::Big] {
                let mut bytes = little.to_vec();
                if endian == Endian::Big {
                    bytes.reverse();
                }
                let shape = vec![1];
                let array = Array { shape, element, endian, order: Order::Row, bytes };
                assert_eq!(array.numbers().next(), Some(expected), "{element:?} {endian:?}");
            }
        }
        check(Element::Bool, &[1], 1.0);
        check(Element::U8, &[2], 2.0);
        check(Element::I8, &(-2_i8).to_le_bytes(), -2.0);
        check(Element::U16, &513_u16.to_le_bytes(), 513.0);
        check(Element::I16, &(-2_i16).to_le_bytes(), -2.0);
        check(Element::U32, &70_000_u32.to_le_bytes(), 70_000.0);
        check(Element::I32, &(-2_i32).to_le_bytes(), -2.0);
        check(Element::U64, &(1_u64 << 40).to_le_bytes(), (1_u64 << 40) as f64);
        check(Element::I64, &(-2_i64).to_le_bytes(), -2.0);
        check(Element::F16, &[0x00, 0xc1], -2.5);
        check(Element::F32, &1.5_f32.to_le_bytes(), 1.5);
        check(Element::F64, &(-0.25_f64).to_le_bytes(), -0.25);
    }
}
