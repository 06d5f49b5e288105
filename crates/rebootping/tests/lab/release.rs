//! `rebootping release` gives every link back.
