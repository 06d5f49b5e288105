//! How the links are, for people and programs: values from the judge and the committer become JSON, tables and sentences.

pub(crate) mod amount;
pub(crate) mod cap;
pub(crate) mod captures;
pub(crate) mod control;
pub(crate) mod devices;
pub(crate) mod events;
pub(crate) mod links;
pub(crate) mod metrics;
pub(crate) mod reason;
pub(crate) mod sending;
pub(crate) mod status;
pub(crate) mod store;
pub(crate) mod table;
pub(crate) mod why;

#[cfg(test)]
mod tests;
