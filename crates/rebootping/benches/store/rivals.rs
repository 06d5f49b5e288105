//! What keeps samples without compressing them: rrdtool's slots, and plain rows in SQLite.

use super::{Folder, ROUNDS, Series};
use rebootping::stored::BOOTED;
use rebootping_core::history::samples::{Sample, Trip};
use std::fmt::Write as _;
use std::io::{BufWriter, Write};
use std::process::{Command, Stdio};

/// Samples are a second apart from there.
pub(crate) const BEGIN: usize = BOOTED as usize;
/// As many updates as fit in a command line.
const UPDATES: usize = 3600;

/// The bytes of a day in rrdtool's files, with minima, averages and maxima by the minute: it has no quantiles.
pub(crate) fn rrdtool(day: &[Series]) -> u64 {
    let folder = Folder::new("rrdtool");
    for series in day {
        let file = folder.0.join(format!("{}-{}.rrd", series.link, series.target));
        let mut create = Command::new("rrdtool");
        create.arg("create").arg(&file).args(["--step", "1", "--start", &(BEGIN - 1).to_string()]);
        create.args(["DS:rtt:GAUGE:2:0:U", &format!("RRA:AVERAGE:0.5:1:{ROUNDS}")]);
        create.args(["MIN", "AVERAGE", "MAX"].map(|of| format!("RRA:{of}:0.5:60:{}", ROUNDS / 60)));
        run(&mut create);
        for (begin, samples) in (BEGIN..).step_by(UPDATES).zip(series.samples.chunks(UPDATES)) {
            let update = |(second, sample): (usize, &Sample)| match sample {
                Sample::Answered { best, .. } => format!("{second}:{}", best.0),
                _ => format!("{second}:U"),
            };
            run(Command::new("rrdtool").arg("update").arg(&file).args((begin..).zip(samples).map(update)));
        }
    }
    folder.bytes()
}

/// The bytes of a day as rows in SQLite, in the order of series and time.
pub(crate) fn sqlite(day: &[Series]) -> u64 {
    let folder = Folder::new("sqlite");
    let mut shell = Command::new("sqlite3")
        .arg(folder.0.join("rows.db"))
        .stdin(Stdio::piped())
        .spawn()
        .expect("sqlite3 is here: tools/need lab");
    let mut input = BufWriter::new(shell.stdin.take().expect("it is piped"));
    let mut text =
        String::from("CREATE TABLE sample (series, at, trip, PRIMARY KEY (series, at)) WITHOUT ROWID;\nBEGIN;\n");
    for (number, series) in day.iter().enumerate() {
        for (second, sample) in (BEGIN..).zip(&series.samples) {
            let trip = match sample {
                Sample::Answered { best: Trip(trip), .. } => trip.to_string(),
                _ => "NULL".to_owned(),
            };
            writeln!(text, "INSERT INTO sample VALUES ({number}, {second}, {trip});").expect("memory");
        }
        input.write_all(text.as_bytes()).expect("it reads");
        text.clear();
    }
    input.write_all(b"COMMIT;\n").and_then(|()| input.flush()).expect("it reads");
    drop(input);
    assert!(shell.wait().expect("it ran").success());
    folder.bytes()
}

fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).status().expect("rrdtool is here: tools/need lab");
    assert!(status.success(), "{command:?}");
}
