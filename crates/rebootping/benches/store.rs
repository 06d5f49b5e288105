//! How many bytes a sample of history takes, beside VictoriaMetrics, rrdtool and plain rows in SQLite with the same round trips.

#[path = "store/round_trips.rs"]
mod round_trips;
#[path = "store/victoria.rs"]
mod victoria;

use rebootping_core::history::rollup::{self, Roller, Rollup, Span};
use rebootping_core::history::samples::{self, Sample};
use rebootping_core::time::Time;
use round_trips::{LINKS, Link, TARGETS};
use std::time::Instant;

/// A folder below the one for temporary files, gone when it is dropped.
pub(crate) struct Folder(pub(crate) std::path::PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rebootping-store-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder for the measurement");
        Self(path)
    }

    /// Bytes of all files in it.
    pub(crate) fn bytes(&self) -> u64 {
        fn of(path: &std::path::Path) -> u64 {
            let Ok(entries) = std::fs::read_dir(path) else { return 0 };
            entries
                .flatten()
                .map(|e| match e.metadata() {
                    Ok(m) if m.is_dir() => of(&e.path()),
                    Ok(m) => m.len(),
                    Err(_) => 0,
                })
                .sum()
        }
        of(&self.0)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn main() {
    let mut vm = std::env::args().any(|a| a == "vm").then(victoria::Victoria::start);

    let days: usize = std::env::args().skip(1).find_map(|w| w.parse().ok()).unwrap_or(1);
    for (n, kind) in LINKS.into_iter().enumerate() {
        let mut link = Link::new(kind, n as u64 + 1);
        let mut bytes = 0usize;
        let mut mins = 0usize;
        let mut qs = 0;
        let mut fs = 0;
        let mut lm = 0;
        let mut lq = 0;
        let mut chunks = 0;
        let (mut count, mut enc, mut dec, mut rolls, mut rdec, mut nroll) = (0usize, 0.0, 0.0, 0.0, 0.0, 0);
        let mut rollers: Vec<Roller> = vec![Roller::default(); TARGETS];
        let mut whole = Roller::default();
        let mut quarters = vec![vec![]; TARGETS];
        let mut fours = vec![vec![]; TARGETS];
        let mut lquarters = vec![];
        let mut lminutes = vec![];
        let mut minutes: Vec<Vec<Rollup>> = vec![vec![]; TARGETS];
        for hour in 0..days * 24 {
            let mut rows: Vec<Vec<Sample>> = vec![Vec::with_capacity(3600); TARGETS];
            for _ in 0..3600 {
                for (row, s) in rows.iter_mut().zip(link.round()) {
                    row.push(s);
                }
            }
            for (t, row) in rows.iter().enumerate() {
                let a = Instant::now();
                let block = samples::encode(row);
                enc += a.elapsed().as_secs_f64();
                for m in row.chunks(60) {
                    chunks += samples::encode(m).len();
                }
                let a = Instant::now();
                let mut i = 0;
                for s in samples::decode(&block) {
                    if s != row[i] {
                        panic!("{hour} {t} {i} {s:?} {:?}", row[i])
                    }
                    i += 1;
                }
                assert_eq!(i, row.len());
                dec += a.elapsed().as_secs_f64();
                bytes += block.len();
                count += row.len();
                if let Some(vm) = &mut vm {
                    vm.import(kind.name, t, 1_750_000_000 + hour as i64 * 3600, row);
                }
                let a = Instant::now();
                for (i, s) in row.iter().enumerate() {
                    let at = Time::from_nanos(((hour * 3600 + i) as u64) * 1_000_000_000);
                    for closed in rollers[t].note(at, *s) {
                        match closed.span {
                            Span::Minute => minutes[t].push(closed.rollup),
                            Span::Quarter => quarters[t].push(closed.rollup),
                            Span::FourHours => fours[t].push(closed.rollup),
                        }
                    }
                }
                rolls += a.elapsed().as_secs_f64();
            }
            let n = minutes[0].len();
            for m in 0..n {
                for t in 0..TARGETS {
                    let begins = Time::from_nanos(((hour * 3600 + m * 60) as u64) * 1_000_000_000);
                    for closed in whole.note_minute(begins, &minutes[t][m]) {
                        if closed.span == Span::Quarter {
                            lquarters.push(closed.rollup)
                        }
                    }
                }
                let mut r = Rollup::default();
                for t in 0..TARGETS {
                    r.merge(&minutes[t][m]);
                }
                lminutes.push(r);
            }
            for t in 0..TARGETS {
                let b = rollup::encode(&minutes[t]);
                mins += b.len();
                assert!(rollup::decode(&b).eq(minutes[t].iter().cloned()));
                minutes[t].clear();
            }
            let b = rollup::encode(&lminutes);
            lm += b.len();
            let a = Instant::now();
            nroll += rollup::decode(&b).map(|r| std::hint::black_box(r)).count();
            rdec += a.elapsed().as_secs_f64();
            assert!(rollup::decode(&b).eq(lminutes.iter().cloned()));
            lminutes.clear();
            if hour % 24 == 23 {
                for t in 0..TARGETS {
                    let b = rollup::encode(&quarters[t]);
                    qs += b.len();
                    assert!(rollup::decode(&b).eq(quarters[t].iter().cloned()));
                    quarters[t].clear();
                    fs += rollup::encode(&fours[t]).len();
                    fours[t].clear();
                }
                let b = rollup::encode(&lquarters);
                lq += b.len();
                lquarters.clear();
            }
        }
        let per = |b: usize| b as f64 / count as f64;
        println!(
            "{:6} samples {:.4} (chunks {:.3}) minutes {:.4} link {:.4} quarters {:.4} link {:.4} fours {:.4} total {:.4}; enc {:.0} ns dec {:.0} ns roll {:.0} ns, link rollup dec {:.0} ns",
            kind.name,
            per(bytes),
            per(chunks),
            per(mins),
            per(lm),
            per(qs),
            per(lq),
            per(fs),
            per(bytes + mins + lm + qs + lq + fs),
            enc / count as f64 * 1e9,
            dec / count as f64 * 1e9,
            rolls / count as f64 * 1e9,
            rdec / nroll as f64 * 1e9
        );
    }
    if let Some(vm) = vm {
        let b = vm.finish();
        println!("victoria {b} {:.4}", b as f64 / (days * 86400 * 30) as f64);
    }
}
