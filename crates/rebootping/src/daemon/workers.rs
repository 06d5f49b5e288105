//! The kinds of processes that the daemon keeps running: what each is told, what it says, and what the daemon makes of that.

use super::Input;
use super::folders::make_captures;
use crate::ipc::courier::{CourierSettings, FromCourier, ToCourier};
use crate::ipc::observer::{FromObserver, ObserverSettings, ToObserver};
use crate::ipc::web::{FromWeb, ToWeb, WebSettings};
use crate::ipc::{FromJudge, JudgeSettings, ToJudge};
use crate::log;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A kind of process: what it is told, and what it says.
pub(super) trait Worker: Send + Sync + 'static {
    /// Its subcommand, which is also what we call it.
    const NAME: &'static str;
    /// What it is given first, and again when that changes.
    type Settings: Clone + PartialEq + Send + std::fmt::Debug;
    /// What it can be told.
    type Order: Serialize;
    /// What it says.
    type Said: DeserializeOwned;
    /// Does what only root can do for it, before each start.
    fn prepare(_settings: &Self::Settings) {}
    /// The order that gives it settings.
    fn configure(settings: Self::Settings) -> Self::Order;
    /// It ends with these words, for another to begin anew.
    fn is_farewell(_said: &Self::Said) -> bool {
        false
    }
    /// What the daemon makes of it.
    fn input(heard: Heard<Self::Said>) -> Input;
}

/// What is heard of a process.
pub(crate) enum Heard<T> {
    /// The one of this number said something.
    Said(u64, T),
    /// It ended, in these words, and is started again by itself.
    Ended(String),
}

/// A kind of process is called as what is heard of it, and its settings are an order's content: no trait could say so.
macro_rules! worker {
    ($(#[$what:meta])* $kind:ident $name:literal $settings:ident $order:ident $said:ident { $($own:tt)* }) => {
        $(#[$what])*
        #[derive(Debug)]
        pub(super) enum $kind {}

        impl Worker for $kind {
            const NAME: &'static str = $name;
            type Settings = $settings;
            type Order = $order;
            type Said = $said;

            fn configure(settings: $settings) -> $order {
                $order::Configure(Box::new(settings))
            }

            fn input(heard: Heard<$said>) -> Input {
                Input::$kind(heard)
            }

            $($own)*
        }
    };
}

worker! {
    /// The process that judges links.
    Judge "judge" JudgeSettings ToJudge FromJudge {}
}

worker! {
    /// The process that captures and keeps what it captured.
    Observer "observer" ObserverSettings ToObserver FromObserver {
        fn prepare(settings: &ObserverSettings) {
            if let Err(error) = make_captures(&settings.captures, &settings.user) {
                log::warn(&format!("{error}; packets are not kept until it can be"));
            }
        }
    }
}

worker! {
    /// The process that serves the page.
    Web "web" WebSettings ToWeb FromWeb {
        fn is_farewell(said: &FromWeb) -> bool {
            *said == FromWeb::Anew
        }
    }
}

worker! {
    /// The process that sends messages to others.
    Courier "courier" CourierSettings ToCourier FromCourier {
        fn is_farewell(said: &FromCourier) -> bool {
            *said == FromCourier::Anew
        }
    }
}
