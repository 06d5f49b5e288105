//! Configurations that are refused.
