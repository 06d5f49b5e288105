//! The rules of keeping, as rows.
use super::*;
