//! Files of every schema there was: each opens, is brought up to date, and shows the same history.

use super::*;
use flate2::read::GzDecoder;
use std::io::Read;

/// One file of each version, as it was written then.
const GOLDEN: [&[u8]; 2] = [include_bytes!("golden/schema-1.db.gz"), include_bytes!("golden/schema-2.db.gz")];

#[test]
fn there_is_a_file_of_every_schema() {
    assert_eq!(GOLDEN.len() as i64, crate::store::schema::CURRENT);
}

#[test]
fn a_file_of_every_schema_shows_the_same_history_and_goes_on() {
    for golden in GOLDEN {
        let mut bench = Bench::new("golden");
        bench.kill();
        let mut file = Vec::new();
        GzDecoder::new(golden).read_to_end(&mut file).unwrap();
        std::fs::write(bench.path(), file).unwrap();
        bench.wall = "2025-11-23T12:00:00Z".parse().unwrap();
        bench.reboot("second");
        bench.start();
        assert_eq!(bench.status().error, None);
        for kind in Happening::ALL {
            let expected = ("2025-11-22T13:00:00Z".to_owned(), format!("a {}", kind.table()));
            assert_eq!(bench.happened(kind), [expected], "{kind:?}");
        }
        for kind in Stretch::ALL {
            let found = bench.reader().stretches(kind, "ipv4/wan1/192.0.2.1", ALWAYS).unwrap();
            assert_eq!(found.iter().map(|found| found.bytes.as_slice()).collect::<Vec<_>>(), [[7, 8, 9]], "{kind:?}");
        }
        let reader = bench.reader();
        let in_those_days = (date(2025, 10, 1), date(2026, 1, 1));
        let totals = [reader.days("link/wan1", in_those_days, &[]).unwrap(), reader.months("link/wan1", &[]).unwrap()];
        assert!(totals.iter().all(|totals| (totals[0].sent, totals[0].received) == (5, 10)), "{totals:?}");
        bench.happen(Happening::Event, "new");
        bench.flush();
        assert_eq!(bench.happened(Happening::Event).len(), 2);
    }
}
