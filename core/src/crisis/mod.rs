//! Crisis lines of a country, at hand before any vault is open.
