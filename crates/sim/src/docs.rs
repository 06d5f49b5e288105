//! The page that tells how links are chosen and what that costs, with the figures of the simulated month.

use crate::switches::{DAYS, Result, picture, table};

const BEFORE: &str = "\
# How links are chosen, and what that costs

Once a second every link is asked the same targets at the same moments. A link that got fewer answers than the best is left out for
new connections until it has answered as well as the best for a whole hold-down, an hour unless set otherwise. Links are compared
with each other and not with a threshold: a target that dies for all of them changes nothing, a second that one link alone loses
does. The rules are written out atop `crates/core/src/link/select.rs`.

This is stricter than what other programs do, on purpose: links are over-provisioned, one that has just failed is likely to fail
again soon, and leaving out a link costs nothing while another is sound. So it switches more often than rules that wait for a
trend: in the month below, for every blip, which is over before any rule can act. What that buys is a link that dies for good left
within two seconds, where the others take seven to sixty. A metered link is left alone: to be left with metered links only, a fault
must last three rounds.

## A simulated month

Thirty days of two sound links with 0.5 % random loss and a metered spare. Each day brings a blip of 0.6 s on one of the two, and
an hour of a saturating upload over link 1, in which the queue swings between 100 and 700 ms and 2.5 % is lost. One target answers
link 2 no more than one echo in two seconds. Nothing else happens: every switch below is one that a patient operator would not have
made. The rules of the others are their published ones with their defaults, computed over the same weather; those with a single
target have one that limits nobody, and a link is dead only during its blips.

";

const AFTER: &str = "
![Links in use during the month, by rule](selection.svg)

Each lane is a sound link, filled while new connections use it. Compared are dpinger as pfSense sets it up (every 500 ms, over 60 s,
20 % or 500 ms), lsm (every second, 7 in a row or 15 of 100) and mwan3 (every 10 s, 4 s to answer, 5 down, 5 up).

The same figures come from `cargo run --release -p rebootping-sim -- false-switches --write docs`.
";

/// The files of the page with their names.
pub fn files(results: &[Result]) -> [(&'static str, String); 2] {
    [("selection.md", format!("{BEFORE}{}{AFTER}", table(results))), ("selection.svg", picture(results, DAYS))]
}
