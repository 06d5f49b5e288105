//! `VictoriaMetrics` on the loopback, with the same round trips: what its files take after their merge.

use super::rivals::BEGIN;
use super::{Folder, ROUNDS, Series};
use rebootping_core::history::samples::{Sample, Trip};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

const ADDRESS: &str = "127.0.0.1:18428";

/// A server with a folder of its own.
pub(crate) struct Victoria {
    folder: Folder,
    server: Child,
    imported: u64,
}

impl Victoria {
    pub(crate) fn start() -> Self {
        let folder = Folder::new("victoria");
        let mut command = Command::new("victoria-metrics");
        command.arg(format!("-storageDataPath={}", folder.0.display())).arg(format!("-httpListenAddr={ADDRESS}"));
        let server = command
            .args(["-retentionPeriod=100y", "-memory.allowedPercent=20"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("victoria-metrics is here: tools/need lab");
        let mut victoria = Self { folder, server, imported: 0 };
        while TcpStream::connect(ADDRESS).is_err() {
            assert!(victoria.server.try_wait().expect("it can be asked").is_none(), "victoria-metrics does not run");
            thread::sleep(Duration::from_millis(50));
        }
        victoria
    }

    /// Hands over the samples of a day, in milliseconds with two decimals; a round without an answer has no sample.
    pub(crate) fn import(&mut self, day: &[Series], number: usize) {
        for Series { link, target, samples } in day {
            let (mut values, mut times) = (String::new(), String::new());
            for (second, sample) in (BEGIN + number * ROUNDS..).zip(samples) {
                if let Sample::Answered { best: Trip(trip), .. } = sample {
                    write!(values, ",{}.{:02}", trip / 100, trip % 100).expect("memory");
                    write!(times, ",{second}000").expect("memory");
                    self.imported += 1;
                }
            }
            let (values, times) = (values.trim_start_matches(','), times.trim_start_matches(','));
            let metric = format!(r#"{{"__name__":"rtt_ms","link":"{link}","target":"{target}"}}"#);
            let body = format!(r#"{{"metric":{metric},"values":[{values}],"timestamps":[{times}]}}"#);
            request("POST", "/api/v1/import", &body);
        }
    }

    /// Bytes on the disk when all is written and merged.
    pub(crate) fn finish(mut self) -> u64 {
        request("GET", "/internal/force_flush", "");
        request("GET", "/internal/force_merge", "");
        let mut last = u64::MAX;
        loop {
            thread::sleep(Duration::from_secs(3));
            let now = self.folder.bytes();
            if now == last {
                break;
            }
            last = now;
        }
        let rows = request("GET", "/metrics", "");
        let rows = rows.lines().filter(|line| line.starts_with("vm_rows{type=\"storage/"));
        let rows: u64 = rows.filter_map(|line| line.split_whitespace().last()?.parse::<u64>().ok()).sum();
        assert_eq!(rows, self.imported, "it has all samples");
        self.server.kill().expect("it ran");
        self.server.wait().expect("it ran");
        last
    }
}

fn request(method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(ADDRESS).expect("victoria-metrics listens");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).expect("it takes it");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 2"), "{path}: {answer}");
    answer
}
