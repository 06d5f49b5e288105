//! The door of the page: requests of strangers, who may not do anything whatever they say.

use crate::web::rehearsal::Rehearsal;

/// One request. A page without secrets does nothing for anybody, and is never at a loss.
pub fn web(data: &[u8]) {
    thread_local! {
        static PAGE: Rehearsal = Rehearsal::new().expect("a page needs nothing but the kernel's random bytes");
    }
    let Some(answered) = PAGE.with(|page| page.ask(data)) else { return };
    assert!(answered.method != "POST" || !answered.status.is_success(), "done for a stranger: {answered:?}");
    assert!(answered.has_policy && answered.status.as_u16() != 500, "{answered:?}");
}
