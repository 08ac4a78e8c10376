//! Journals that people bring from other apps.
