//! Orders about devices in the firewall and the DHCP server: the observer is asked first, then the warden carries them out.
//!
//! The observer knows who a device is: what would cut off others too, and to whom a name can be given.

use super::Daemon;
use super::control::Call;
use super::device_orders::{Next, Waiting};
use crate::committer::restrict::Order;
use crate::ipc::control::ControlOrder;
use crate::ipc::observer::{DeviceVerb, ToObserver};
use crate::log;
use rebootping_core::inventory::report::Hardware;

/// A caller's order.
pub(super) fn order(what: &ControlOrder, call: &Call) -> Order {
    Order { what: what.clone(), undoes: None, who: call.who, reply: call.reply() }
}

impl Daemon {
    /// Has an order carried out, and answered when that is done.
    pub(super) fn control(&mut self, order: Order) {
        let question = match &order.what {
            ControlOrder::Restrict { macs, to: Some(to), force, .. } if !(*force && to.until.is_some()) => {
                (macs.first(), DeviceVerb::Weigh)
            }
            ControlOrder::Name { mac, to } => {
                if let Some(objection) = to.as_ref().and_then(|named| self.warden.objection(*mac, named)) {
                    return (order.reply)(Err(objection));
                }
                let name = to.as_ref().map_or_else(String::new, |named| named.label.to_string());
                (*mac, DeviceVerb::Rename(name))
            }
            ControlOrder::Restrict { .. } | ControlOrder::Undo(_) => return self.warden.carry(order),
        };
        self.ask_observer(question, order);
    }

    /// Goes on when the observer has answered.
    pub(super) fn go_on(&self, next: Option<Next>) {
        match next {
            Some(Next::Control(order)) => self.warden.carry(*order),
            Some(Next::Forget(macs, call, done)) => {
                log::info(&done);
                let reply = call.reply();
                self.warden.forget(macs, Box::new(move |forgotten| reply(forgotten.map(|()| done))));
            }
            None => {}
        }
    }

    /// The order goes on when the observer has nothing against it.
    fn ask_observer(&mut self, (mac, verb): (Hardware, DeviceVerb), order: Order) {
        let number = self.device_orders.number();
        let is_name = matches!(verb, DeviceVerb::Rename(_));
        match self.observer.tell(&ToObserver::Device { number, mac, verb }) {
            Ok(()) => self.device_orders.wait(number, Waiting::Control(Box::new(order))),
            Err(error) if is_name => {
                (order.reply)(Err(format!("the observer cannot be told ({error}); try again in a moment")));
            }
            // Without it, what the kernel knows of the device has to do.
            Err(_) => self.warden.carry(order),
        }
    }
}
