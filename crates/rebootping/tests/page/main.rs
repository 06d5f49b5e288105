//! The page as a person sees it: in a real browser, before the real daemon, on a gateway with three providers, traffic and a crowd.

mod browser;
mod house;
mod looks;
mod strangers;
