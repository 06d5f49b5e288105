//! Clients on the LAN that keep asking servers in the Internet, all from one thread.

use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::EventFd;

use crate::echo_server::EchoServer;
use crate::flow::{Flow, FlowReport, Protocol};
use crate::lab::{Lab, parse};
use crate::plan::{Family, TARGETS_V4, TARGETS_V6};
use crate::stop::Running;
use crate::wait::holds_within;

/// The machine that runs tests has two cores: these bounds keep the load of the flows far below one.
const MOST_FLOWS: usize = 64;
const MOST_PER_SECOND: u32 = 200;
/// What the last questions have to be answered in.
const GRACE: Duration = Duration::from_secs(1);
/// Answers are read this often: finer than any stall that matters, and one percent of a core for 16 flows.
const LISTEN_EVERY_MS: u8 = 2;

/// Running flows; dropping them ends them.
#[derive(Debug)]
pub struct Flows {
    shared: Arc<Shared>,
    _thread: Running,
}

#[derive(Debug)]
struct Shared {
    flows: Mutex<Vec<Flow>>,
    asking: AtomicBool,
}

impl Lab {
    /// Opens IPv4 flows from the first LAN client, each asking `per_second` times a second until they are stopped.
    #[track_caller]
    pub fn flows(&self, tcp: usize, udp: usize, per_second: u32) -> Flows {
        self.flows_from(1, Family::V4, (tcp, udp), per_second)
    }

    /// As `flows`, over IPv6.
    #[track_caller]
    pub fn flows6(&self, tcp: usize, udp: usize, per_second: u32) -> Flows {
        self.flows_from(1, Family::V6, (tcp, udp), per_second)
    }

    /// Opens (TCP, UDP) flows from LAN client `client`.
    #[track_caller]
    pub fn flows_from(&self, client: usize, family: Family, (tcp, udp): (usize, usize), per_second: u32) -> Flows {
        assert!(tcp + udp <= MOST_FLOWS, "at most {MOST_FLOWS} flows, not {}", tcp + udp);
        assert!((1..=MOST_PER_SECOND).contains(&per_second), "1 to {MOST_PER_SECOND} a second, not {per_second}");
        let shared = Shared { flows: Mutex::new(self.open(client, family, (tcp, udp))), asking: AtomicBool::new(true) };
        let shared = Arc::new(shared);
        let seen_inside = Arc::clone(&shared);
        let every = Duration::from_secs(1) / per_second;
        let thread = Running::start(self.lan(client), "flows", move |stop| seen_inside.run(every, stop));
        Flows { shared, _thread: thread }
    }

    /// Opens `count` new IPv4 UDP flows, asks each once and tells which link it took; `None` is one not answered within 1 s.
    pub fn new_flows(&self, count: usize) -> Vec<Option<String>> {
        self.new_flows_of(Family::V4, (0, count))
    }

    /// As `new_flows`, (TCP, UDP) flows over IPv6 or IPv4.
    pub fn new_flows_of(&self, family: Family, (tcp, udp): (usize, usize)) -> Vec<Option<String>> {
        let mut flows = self.open(1, family, (tcp, udp));
        for flow in &mut flows {
            flow.ask(Instant::now());
        }
        holds_within(GRACE, || {
            for flow in &mut flows {
                flow.listen(Instant::now());
            }
            !flows.iter().any(Flow::is_waiting)
        });
        flows.iter().map(|flow| flow.report(Instant::now()).link).collect()
    }

    fn open(&self, client: usize, family: Family, (tcp, udp): (usize, usize)) -> Vec<Flow> {
        let (server, address) = match family {
            Family::V4 => (&self.servers[0], TARGETS_V4[3]),
            Family::V6 => (&self.servers[1], TARGETS_V6[3]),
        };
        let server = server.get_or_init(|| EchoServer::start(&self.spaces.net, parse(address))).address();
        let protocols = [Protocol::Tcp].repeat(tcp).into_iter().chain([Protocol::Udp].repeat(udp));
        let lan = self.lan(client);
        // Side by side: over a dead link each TCP flow takes its time to find out.
        thread::scope(|scope| {
            let open = |protocol| scope.spawn(move || lan.enter(|| Flow::open(protocol, server)));
            let opening: Vec<_> = protocols.map(open).collect();
            opening.into_iter().map(|flow| flow.join().expect("a flow opens")).collect()
        })
    }
}

impl Flows {
    /// What became of each flow so far.
    pub fn report(&self) -> Vec<FlowReport> {
        let flows = self.shared.flows.lock().expect("no panic while it is held");
        flows.iter().map(|flow| flow.report(Instant::now())).collect()
    }

    /// What became of the flows whose first link was `link`.
    pub fn over(&self, link: &str) -> Vec<FlowReport> {
        self.report().into_iter().filter(|flow| flow.link.as_deref() == Some(link)).collect()
    }

    /// Asks no more, gives the last questions a second, and tells what became of each flow.
    pub fn stop(self) -> Vec<FlowReport> {
        self.shared.asking.store(false, Ordering::Release);
        holds_within(GRACE, || {
            !self.shared.flows.lock().expect("no panic while it is held").iter().any(Flow::is_waiting)
        });
        self.report()
    }
}

impl Shared {
    fn run(&self, every: Duration, stop: &EventFd) {
        let mut next = Instant::now();
        while !stopped_within(LISTEN_EVERY_MS, stop) {
            let asks = Instant::now() >= next && self.asking.load(Ordering::Acquire);
            for flow in self.flows.lock().expect("no panic while it is held").iter_mut() {
                if asks {
                    flow.ask(Instant::now());
                }
                flow.listen(Instant::now());
            }
            if asks {
                // After a pause of the machine it goes on at its rate, without making up for it.
                next = (next + every).max(Instant::now());
            }
        }
    }
}

fn stopped_within(limit_ms: u8, stop: &EventFd) -> bool {
    let mut fds = [PollFd::new(stop.as_fd(), PollFlags::POLLIN)];
    let _ = poll(&mut fds, PollTimeout::from(limit_ms));
    fds[0].any().unwrap_or(false)
}
