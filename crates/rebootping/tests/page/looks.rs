//! Every page, what one does on it, and a link that breaks while one looks.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::browser;
use crate::house::{House, PASSWORD};
use crate::strangers;

/// Milliseconds within which a broken link must be seen here: the bench tells what it takes, this machine may have other work.
const SEEN_WITHIN: u32 = 15_000;

#[test]
fn every_page_is_looked_at_and_used_in_a_browser() {
    let house = House::build("page");
    strangers::speak(&house.lab, &house.daemon);
    let guarded = strangers::honest_mac(2);
    house.lab.gw().run(&format!("ip -6 neighbour replace fe80::77 lladdr {guarded} dev lan0 router"));
    let at = house.fail_once();
    let facts = json!({
        "link": "wan2", "called": "dsl", "at": at, "breaks": { "link": "wan1", "called": "fibre" }, "within": SEEN_WITHIN,
        "device": strangers::honest_mac(1), "guarded": guarded, "twins": true, "capped": "lte", "hostile": strangers::hostile(&house.daemon),
        "password": PASSWORD, "readable": true, "control": true,
    });
    browser::look(&house.lab.gw(), &facts, "lab", &["--fail"], |what| {
        if what == "hang" {
            let web = house.daemon.process("web").expect("it runs");
            kill(Pid::from_raw(web), Signal::SIGSTOP).expect("it runs");
        } else {
            // With a metered link alone to go to, three rounds must be lost: here it goes to one that is not.
            house.mend();
            house.lab.isp(1).blackhole(true);
        }
    });
}
