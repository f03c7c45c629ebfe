//! Choices that a file or a command line names: one list of names, and everything that follows.

/// An enum whose variants have names: `ALL`, `name()`, `Display`, `FromStr` and serde by name.
macro_rules! named {
    (
        $(#[$about:meta])*
        $choice:ident, $kind:literal {
            $($(#[$variant_about:meta])* $variant:ident = $name:literal,)+
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $choice {
            $($(#[$variant_about])* $variant,)+
        }

        impl $choice {
            /// Every choice.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The names of all choices, in the same order.
            pub const NAMES: &'static [&'static str] = &[$($name),+];

            /// The name in files and on the command line.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }

        impl std::fmt::Display for $choice {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $choice {
            type Err = $crate::Error;

            fn from_str(name: &str) -> $crate::Result<Self> {
                match name {
                    $($name => Ok(Self::$variant),)+
                    _ => Err($crate::Error::unknown($kind, name, Self::NAMES)),
                }
            }
        }

        impl serde::Serialize for $choice {
            fn serialize<S: serde::Serializer>(
                &self,
                serializer: S,
            ) -> std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> serde::Deserialize<'de> for $choice {
            fn deserialize<D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> std::result::Result<Self, D::Error> {
                let name = <std::string::String as serde::Deserialize>::deserialize(deserializer)?;
                let unknown = |_| serde::de::Error::unknown_variant(&name, Self::NAMES);
                name.parse().map_err(unknown)
            }
        }
    };
}

pub(super) use named;
