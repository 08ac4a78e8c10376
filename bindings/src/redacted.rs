//! Keeps what a person wrote out of `toString`, `description` and `str`.
//!
//! Generated records print their fields unless Rust says how they print, and an
//! interface's logs and crash reports are full of printed values.

/// Makes a record print as its name alone, in every language.
macro_rules! redacted {
    ($($name:ident),+ $(,)?) => {$(
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }
    )+};
}

pub(crate) use redacted;
