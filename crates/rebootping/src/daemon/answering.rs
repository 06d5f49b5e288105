//! What callers are answered: at once where that can be, else when whoever carries it out is done.

use super::Daemon;
use super::control::{Answer, Call, Request};
use super::controlling;
use super::device_orders::Waiting;
use crate::clock;
use crate::ipc::ToJudge;
use crate::ipc::observer::{DeviceVerb, ToObserver};
use crate::log;
use rebootping_core::alerts::Event;
use rebootping_core::link::verdict::Order;
use std::time::Duration;

/// When a caller is answered.
enum Later {
    /// Now, with this.
    Now(Answer),
    /// When the observer has carried out the order of this number.
    Observer(u64),
    /// When the warden has seen to it.
    Warden,
}

impl Daemon {
    /// Answers a caller, now or when what it asks for is done.
    pub(super) fn take_call(&mut self, call: Call) {
        if let Some(why) = call.refusal() {
            return call.answer(Answer::Refused(why.into()));
        }
        if let Some(change) = call.audit() {
            log::info(&change);
        }
        match self.answer(&call) {
            Later::Now(Answer::Done(done)) if call.request.change().is_some() => self.enter_done(call, done),
            Later::Now(answer) => call.answer(answer),
            Later::Observer(number) => {
                self.enter_order(&call);
                self.device_orders.wait(number, Waiting::Caller(call));
            }
            Later::Warden => {}
        }
    }

    fn answer(&mut self, call: &Call) -> Later {
        Later::Now(match &call.request {
            Request::Status => Answer::Status(Box::new(self.status())),
            Request::Alerts => Answer::Alerts(self.dispatch.alerts().cloned().map(Box::new)),
            Request::TestAlerts if self.dispatch.alerts().is_none() => {
                Answer::Refused("nobody is to be told anything; set a place under [alerts]".into())
            }
            Request::TestAlerts => {
                self.dispatch.tell_event(Event::Test, clock::now());
                Answer::Done("a test is on its way".into())
            }
            Request::Check => self.checking.answer(self.explicit.as_deref(), &self.config),
            Request::Reload => {
                self.reload();
                Answer::Done("the configuration was read again; the log says what became of it".into())
            }
            Request::Control(order) => {
                self.control(controlling::order(order, call));
                return Later::Warden;
            }
            Request::Controlled { after } => {
                self.warden.show(*after, call.show());
                return Later::Warden;
            }
            Request::Order { link, order, lasting, force } => self.order(link, Some(*order), *lasting, *force),
            Request::Auto { link } => self.order(link, None, None, true),
            Request::Retry { link } => match self.names.find(link) {
                Some(id) => self.tell_judge(&ToJudge::Retry { link: id }, format!("{link}: its hold-down ends now")),
                None => self.unknown(link),
            },
            Request::Release => {
                self.committer.release();
                self.warden.release();
                self.prefixes.release();
                Answer::Done("every link is being given back".into())
            }
            Request::LeaveOut { flow, lasting } => self
                .tell_observer(&ToObserver::LeaveOut(*flow, *lasting), "this connection is not captured for a while"),
            Request::Follow { lasting } => {
                self.tell_observer(&ToObserver::Follow(*lasting), "captures are written at once for a while")
            }
            Request::Device(_, DeviceVerb::Rename(_) | DeviceVerb::Weigh) => {
                Answer::Refused("names are given, and devices weighed, by an order of control".into())
            }
            Request::Device(mac, DeviceVerb::Forget) if self.warden.restricts(*mac) => Answer::Refused(format!(
                "{mac} is restricted, which would not be known any more; rebootping device allow {mac} first"
            )),
            Request::Device(mac, verb) => {
                let number = self.device_orders.number();
                match self.observer.tell(&ToObserver::Device { number, mac: *mac, verb: verb.clone() }) {
                    Ok(()) => return Later::Observer(number),
                    Err(error) => {
                        Answer::Refused(format!("the observer cannot be told ({error}); try again in a moment"))
                    }
                }
            }
        })
    }

    fn order(&mut self, link: &str, order: Option<Order>, lasting: Option<Duration>, force: bool) -> Answer {
        let Some(id) = self.names.find(link) else { return self.unknown(link) };
        let status = self.status();
        let name = self.names.get(id).map_or("", |names| &names.interface);
        let objection = order.filter(|_| !force).and_then(|order| status.objection_to(name, order));
        if let Some(objection) = objection {
            return Answer::Refused(format!("{objection}; add --force to do it nevertheless"));
        }
        let until =
            lasting.map_or_else(String::new, |lasting| format!(" for {}", crate::duration::format_duration(lasting)));
        let done = match order {
            Some(Order::Pin) => format!("{link} is pinned{until}: pinned links are used and no others"),
            Some(Order::Out) => format!("{link} is taken out{until}"),
            None => format!("{link} is judged by its answers alone again"),
        };
        self.tell_judge(&ToJudge::Order { link: id, order, lasting }, done)
    }

    fn tell_observer(&mut self, message: &ToObserver, done: &str) -> Answer {
        match self.observer.tell(message) {
            Ok(()) => Answer::Done(done.into()),
            Err(error) => Answer::Refused(format!("the observer cannot be told ({error})")),
        }
    }

    fn tell_judge(&mut self, message: &ToJudge, done: String) -> Answer {
        match self.judge.tell(message) {
            Ok(()) => {
                log::info(&done);
                Answer::Done(done)
            }
            Err(error) => Answer::Refused(format!("the judge cannot be told ({error}); try again in a moment")),
        }
    }

    fn unknown(&self, link: &str) -> Answer {
        Answer::Refused(format!("there is no link {link:?}; there are: {}", self.names.all().join(", ")))
    }
}
