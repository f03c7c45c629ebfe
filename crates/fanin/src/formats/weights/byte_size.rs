//! Sizes of files as people write them.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// A number of bytes, read and shown with its unit: `5GB` is 5·10⁹, `5GiB` is 5·2³⁰.
///
/// ```
/// use fanin::formats::ByteSize;
/// assert_eq!("5GB".parse::<ByteSize>()?, ByteSize(5_000_000_000));
/// assert_eq!("1.5 MiB".parse::<ByteSize>()?, ByteSize(1_572_864));
/// assert_eq!(ByteSize(14_012_345_678).to_string(), "14.0 GB");
/// assert!("5 apples".parse::<ByteSize>().is_err());
/// # Ok::<(), fanin::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// Units of tens, the largest last; one thousand of each is the next.
const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN_AS_NEXT: f64 = 999.95;
        let (mut size, mut unit) = (self.0 as f64, 0);
        while size >= SHOWN_AS_NEXT && unit + 1 < UNITS.len() {
            size /= 1000.0;
            unit += 1;
        }
        let decimals = usize::from(unit > 0);
        write!(f, "{size:.decimals$} {}", UNITS[unit])
    }
}

impl FromStr for ByteSize {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let start = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
        let (number, unit) = text.split_at(start);
        let unit = unit.trim().to_lowercase();
        let (prefix, base) = match unit.strip_suffix("ib") {
            Some(prefix) => (prefix, 1024.0_f64),
            None => (unit.strip_suffix('b').unwrap_or(&unit), 1000.0),
        };
        let power = ["", "k", "m", "g", "t"].iter().position(|p| *p == prefix);
        let bytes =
            number.trim().parse::<f64>().ok().zip(power).map(|(n, p)| n * base.powi(p as i32));
        match bytes {
            Some(bytes) if (1.0..9e18).contains(&bytes) => Ok(Self(bytes as u64)),
            _ => Err(Error::Setting {
                place: "size".to_owned(),
                found: format!("`{text}`"),
                expected: "a number of bytes with its unit, as in `5GB` or `500MiB`".to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_both_kinds_of_units() {
        let check = |text: &str, bytes| assert_eq!(text.parse::<ByteSize>().unwrap().0, bytes);
        check("123", 123);
        check("5gb", 5_000_000_000);
        check("2 GiB", 2 << 30);
        check("0.5KB", 500);
        check("1T", 1_000_000_000_000);
        for text in ["", "GB", "-5GB", "0", "5XB", "inf", "nan", "1e30TB", "5 GB GB"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_shown_with_one_decimal() {
        for (bytes, shown) in [(0, "0 B"), (999, "999 B"), (999_960, "1.0 MB"), (1500, "1.5 kB")] {
            assert_eq!(ByteSize(bytes).to_string(), shown);
        }
    }
}
