//! The page as a stranger finds it: requests byte by byte against the real process, in a gateway of its own.

mod enable;
mod every_route;
mod floods;
mod harm;
mod lan;
mod metrics;
mod packets;
mod past;
mod raw;
mod refusals;
mod restrict;
mod sessions;
mod site;
mod stream;
mod undone;
