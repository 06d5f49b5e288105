//! What the operator orders about devices: done at once, answered when the disk has it, so that a power loss takes nothing back.

use crate::ipc::observer::FromObserver;
use rebootping_core::inventory::report::Hardware;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, TryRecvError};

/// Orders that wait for the disk at most; the daemon does not let more callers in.
const MOST: usize = 64;

/// What is being erased of a device.
pub(super) struct Erasing {
    /// Where its captures are; none where it is its history, which is not given up before it is erased.
    pub(super) folder: Option<PathBuf>,
    /// Says when it was tried.
    pub(super) tried: Receiver<()>,
}

/// An order that is done but for the disk.
struct Order {
    number: u64,
    done: String,
    erasing: Vec<Erasing>,
    /// The number of the file's version in which it is, once one is under way.
    version: Option<u64>,
    is_kept: bool,
}

/// All orders that are not answered yet.
#[derive(Default)]
pub(super) struct Orders {
    waiting: Vec<Order>,
    answered: Vec<FromObserver>,
}

impl Orders {
    /// Takes an order as far as it was carried out.
    pub(super) fn take(&mut self, number: u64, result: Result<(String, Vec<Erasing>), String>) {
        let result = match result {
            Ok(_) if self.waiting.len() >= MOST => {
                Err("it is done, and lost if the power fails: too many orders wait".into())
            }
            result => result,
        };
        match result {
            Ok((done, erasing)) => self.waiting.push(Order { number, done, erasing, version: None, is_kept: false }),
            Err(why) => self.refuse(number, why),
        }
    }

    /// Some are in no version of the file that is under way.
    pub(super) fn want_keeping(&self) -> bool {
        self.waiting.iter().any(|order| order.version.is_none())
    }

    /// A version of the file is under way that has all orders until now.
    pub(super) fn keeping(&mut self, version: u64) {
        for order in self.waiting.iter_mut().filter(|order| order.version.is_none()) {
            order.version = Some(version);
        }
    }

    /// A version of the file is on the disk, or could not be brought there.
    pub(super) fn kept(&mut self, version: u64, result: &Result<(), String>) {
        match result {
            Ok(()) => {
                let within = |order: &&mut Order| order.version.is_some_and(|wanted| wanted <= version);
                self.waiting.iter_mut().filter(within).for_each(|order| order.is_kept = true);
            }
            Err(why) => {
                let (lost, waiting) = self.waiting.drain(..).partition(|order| order.version == Some(version));
                self.waiting = waiting;
                let lost: Vec<Order> = lost;
                for order in lost {
                    self.refuse(order.number, format!("it is done, but lost with the next restart: {why}"));
                }
            }
        }
    }

    /// The answers that can be given now.
    pub(super) fn answers(&mut self) -> Vec<FromObserver> {
        let mut answers = std::mem::take(&mut self.answered);
        let (ready, waiting) = self.waiting.drain(..).partition(Order::is_ready);
        self.waiting = waiting;
        let ready: Vec<Order> = ready;
        answers.extend(ready.into_iter().map(Order::answer));
        answers
    }

    /// Answers a question, which leaves nothing for the disk.
    pub(super) fn answer(&mut self, number: u64, answer: Result<String, String>) {
        self.answered.push(FromObserver::Answered { number, answer });
    }

    /// Says whose traces others are to erase, before the order is answered.
    pub(super) fn forgetting(&mut self, number: u64, macs: Vec<Hardware>) {
        self.answered.push(FromObserver::Forgetting { number, macs });
    }

    fn refuse(&mut self, number: u64, why: String) {
        self.answer(number, Err(why));
    }
}

impl Order {
    /// The file has it, and the disk was asked to erase what is to be erased.
    fn is_ready(&self) -> bool {
        // A writer that ended will not be asked again.
        let is_tried = |erasing: &Erasing| !matches!(erasing.tried.try_recv(), Err(TryRecvError::Empty));
        self.is_kept && self.erasing.iter().all(is_tried)
    }

    fn answer(self) -> FromObserver {
        let left = self.erasing.iter().filter_map(|erasing| erasing.folder.as_ref()).find(|folder| folder.exists());
        let answer = match left {
            None => Ok(self.done),
            Some(left) => Err(format!(
                "it is forgotten, but the disk does not let {} be erased yet; that is tried again every few seconds",
                left.display()
            )),
        };
        FromObserver::Answered { number: self.number, answer }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::sync_channel;

    fn answered(number: u64, answer: Result<&str, &str>) -> FromObserver {
        FromObserver::Answered { number, answer: answer.map(Into::into).map_err(Into::into) }
    }

    #[test]
    fn an_order_is_answered_once_the_disk_has_it() {
        let mut orders = Orders::default();
        orders.take(1, Ok(("one".into(), Vec::new())));
        orders.keeping(7);
        orders.take(2, Ok(("two".into(), Vec::new())));
        assert!(orders.want_keeping() && orders.answers().is_empty());
        orders.kept(7, &Ok(()));
        assert_eq!(orders.answers(), [answered(1, Ok("one"))]);
        orders.keeping(8);
        orders.kept(8, &Err("no room".into()));
        assert_eq!(orders.answers(), [answered(2, Err("it is done, but lost with the next restart: no room"))]);
        assert!(!orders.want_keeping());
    }

    #[test]
    fn what_cannot_be_done_is_answered_at_once() {
        let mut orders = Orders::default();
        orders.take(3, Err("no such device".into()));
        assert_eq!(orders.answers(), [answered(3, Err("no such device"))]);
    }

    #[test]
    fn erasing_is_waited_for() {
        let mut orders = Orders::default();
        let (done, tried) = sync_channel(1);
        let folder = std::env::temp_dir().join(format!("rebootping-orders-{}", std::process::id()));
        orders.take(4, Ok(("gone".into(), vec![Erasing { folder: Some(folder), tried }])));
        orders.keeping(1);
        orders.kept(1, &Ok(()));
        assert!(orders.answers().is_empty());
        done.send(()).unwrap();
        assert_eq!(orders.answers(), [answered(4, Ok("gone"))]);
    }
}
