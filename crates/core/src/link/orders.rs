//! What the operator ordered about links, and until when.

use super::LinkId;
use super::verdict::Order;
use crate::time::Time;
use alloc::vec::Vec;

/// One order a link at most; a new one replaces the old.
#[derive(Clone, Default, Debug)]
pub struct Orders {
    links: Vec<Option<(Order, Option<Time>)>>,
}

impl Orders {
    /// No orders yet for this many links.
    pub fn new(links: usize) -> Self {
        Self { links: alloc::vec![None; links] }
    }

    /// Sets or ends a link's order; without `until` it stands until it is ended.
    pub fn set(&mut self, link: LinkId, order: Option<Order>, until: Option<Time>) {
        if let Some(place) = self.links.get_mut(usize::from(link.0)) {
            *place = order.map(|order| (order, until));
        }
    }

    /// Ends the orders whose time is over, and names their links.
    pub fn handle_wake(&mut self, now: Time) -> Vec<LinkId> {
        let mut ended = Vec::new();
        for (link, place) in (0..).map(LinkId).zip(&mut self.links) {
            if place.and_then(|(_, until)| until).is_some_and(|until| until <= now) {
                *place = None;
                ended.push(link);
            }
        }
        ended
    }

    /// When the next order ends by itself.
    pub fn next_deadline(&self) -> Option<Time> {
        self.links.iter().filter_map(|order| order.and_then(|(_, until)| until)).min()
    }

    /// The orders, one entry a link.
    pub fn all(&self) -> Vec<Option<Order>> {
        self.links.iter().map(|order| order.map(|(order, _)| order)).collect()
    }

    /// A link's order and its end.
    pub fn of(&self, link: LinkId) -> Option<(Order, Option<Time>)> {
        self.links.get(usize::from(link.0)).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_ends_at_its_time_and_others_stand() {
        let at = Time::from_nanos;
        let mut orders = Orders::new(2);
        orders.set(LinkId(0), Some(Order::Pin), Some(at(10)));
        orders.set(LinkId(1), Some(Order::Out), None);
        orders.set(LinkId(7), Some(Order::Out), None);
        assert_eq!(orders.next_deadline(), Some(at(10)));
        assert!(orders.handle_wake(at(9)).is_empty());
        assert_eq!(orders.handle_wake(at(10)), [LinkId(0)]);
        assert_eq!(orders.all(), [None, Some(Order::Out)]);
    }
}
