//! The rules of the inventory, from frames to report and events.

mod bounds;
mod happens;
mod listed;
mod overheard;
mod wire;
