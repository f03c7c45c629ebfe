//! Keys of a `[[layers]]` table that take a word or a number.

use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::Units;
use crate::spec::text;

impl Serialize for Units {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Count(units) => serializer.serialize_u64(*units as u64),
            Self::Outputs => serializer.serialize_str(text::OUTPUTS[0]),
        }
    }
}

impl<'de> Deserialize<'de> for Units {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct UnitsVisitor;

        impl Visitor<'_> for UnitsVisitor {
            type Value = Units;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number of units, or \"outputs\"")
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> std::result::Result<Units, E> {
                usize::try_from(value)
                    .map(Units::Count)
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(value), &self))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> std::result::Result<Units, E> {
                Ok(Units::Count(value as usize))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> std::result::Result<Units, E> {
                let refused = || E::invalid_value(de::Unexpected::Str(value), &self);
                text::OUTPUTS.contains(&value).then_some(Units::Outputs).ok_or_else(refused)
            }
        }

        deserializer.deserialize_any(UnitsVisitor)
    }
}

/// `true`, `false` or the factor on a residual branch.
pub fn residual<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<f64>, D::Error> {
    struct ResidualVisitor;

    impl Visitor<'_> for ResidualVisitor {
        type Value = Option<f64>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("true, false or the factor on the branch")
        }

        fn visit_bool<E: de::Error>(self, value: bool) -> std::result::Result<Option<f64>, E> {
            Ok(value.then_some(1.0))
        }

        fn visit_i64<E: de::Error>(self, value: i64) -> std::result::Result<Option<f64>, E> {
            Ok(Some(value as f64))
        }

        fn visit_u64<E: de::Error>(self, value: u64) -> std::result::Result<Option<f64>, E> {
            Ok(Some(value as f64))
        }

        fn visit_f64<E: de::Error>(self, value: f64) -> std::result::Result<Option<f64>, E> {
            Ok(Some(value))
        }
    }

    deserializer.deserialize_any(ResidualVisitor)
}

/// Whether a layer stands once, which need not be said.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub fn is_one(repeat: &usize) -> bool {
    *repeat == 1
}

/// Whether a layer has a bias, which need not be said.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub fn is_true(bias: &bool) -> bool {
    *bias
}
