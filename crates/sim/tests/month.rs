//! The simulated month of `docs/selection.md`: no switch to the metered link, and the page is the one the program writes.

use rebootping_sim::docs;
use rebootping_sim::switches::{DAYS, SEED, compare};
use std::path::Path;
use std::time::Duration;

#[test]
#[ignore = "plays thirty days under four rules; make test-long runs it"]
fn no_switch_goes_to_the_metered_link_and_the_page_is_the_one_the_program_writes() {
    let results = compare(SEED, DAYS);
    assert_eq!(results[0].metered, Duration::ZERO, "our rule went to the metered link");
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    for (name, content) in docs::files(&results) {
        let written = std::fs::read_to_string(docs.join(name)).unwrap_or_default();
        assert!(
            written == content,
            "docs/{name} is not what `cargo run --release -p rebootping-sim -- false-switches --write docs` writes"
        );
    }
}
