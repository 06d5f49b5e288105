//! The door to the record of what was decided on, as it is handed over and as it is kept.

use rebootping_core::history::journal::{Reader, Writer};
use rebootping_core::history::outages::Outages;
use rebootping_core::history::relay::{Inbox, Message};
use rebootping_core::link::Family;
use rebootping_core::link::decide::{Decider, Entry};
use rebootping_core::link::verdict::Load;
use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;

/// So few bytes can stand for very many rounds.
const MOST: usize = 200;

/// A frame from a judge, with the outages that come of it; how outages stood; and a block of the journal, with the checksum it has and
/// with the right one.
pub fn history(data: &[u8]) {
    let mut deciders: BTreeMap<Family, Decider> = BTreeMap::new();
    let mut outages = Outages::default();
    for (_, message) in Inbox::default().take(data).into_iter().take(MOST) {
        match message {
            Message::Begin(decider) => {
                outages.handle_begin("boot", &decider);
                deciders.insert(decider.opening().family, *decider);
            }
            Message::Note(family, entry) => {
                outages.handle_entry(family, &entry);
                deciders.get_mut(&family).expect("no note comes before its family began").handle(&entry);
            }
        }
    }
    for mut outages in [Some(outages), Outages::read(data)].into_iter().flatten() {
        outages.handle_boot_end();
        assert!(Outages::read(&outages.write()).is_some(), "what was written can be read");
    }
    block(data);
    block(&sealed(data));
}

/// What was read of a block can be written again, and is the same.
fn block(block: &[u8]) {
    let Some(reader) = Reader::new(block) else { return };
    let mut decider = reader.decider().clone();
    let mut writer = Writer::new(&decider, decider.opening().at);
    let entries: Vec<Entry> = reader.take(MOST).collect();
    for entry in &entries {
        writer.push(entry);
        decider.handle(entry);
    }
    let again = writer.finish();
    assert_eq!(again, sealed(again.split_last_chunk::<4>().expect("a checksum ends it").0), "the checksum is another");
    let reader = Reader::new(&again).expect("what was written can be read");
    assert!(reader.map(without_load).eq(entries.into_iter().map(without_load)));
}

/// With its checksum: the lowest bits of SipHash-1-3 under no key, which is what this hasher is.
fn sealed(content: &[u8]) -> Vec<u8> {
    let mut hasher = DefaultHasher::new();
    hasher.write(content);
    [content, &(hasher.finish() as u32).to_le_bytes()].concat()
}

/// Traffic is known by the minute and within half a percent.
fn without_load(mut entry: Entry) -> Entry {
    if let Entry::Round(round) = &mut entry {
        round.links.iter_mut().for_each(|did| did.load = Load::default());
    }
    entry
}
