//! Bytes thrown at the socket over which orders come: nothing but a whole order is carried out, and nobody is harmed.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rebootping_lab::Lab;

use crate::support::{TABLET, lab, order, start, table};

const THROWS: u64 = 600;
const PATIENCE: Duration = Duration::from_secs(30);

/// Numbers that look random and are the same each time (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

/// Says this, closes, and returns what is answered.
fn throw(lab: &Lab, bytes: &[u8]) -> String {
    let mut stream = UnixStream::connect(lab.dir().join("run/control.sock")).expect("the daemon listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a patience above zero");
    // It may have hung up already.
    let _hung_up = stream.write_all(bytes).and_then(|()| stream.shutdown(Shutdown::Write)).is_err();
    let mut answer = Vec::new();
    let _hung_up = stream.read_to_end(&mut answer).is_err();
    String::from_utf8_lossy(&answer).into_owned()
}

fn frame(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32).to_be_bytes(), body].concat()
}

#[test]
fn nothing_but_a_whole_order_is_carried_out() {
    let lab = lab("thrown").build();
    let daemon = start(&lab, "");
    let orders = [
        format!(
            r#"{{"Control":{{"Restrict":{{"macs":["{TABLET}"],"to":{{"mode":"block"}},"force":true,"asking":null}}}}}}"#
        ),
        format!(r#"{{"Control":{{"Name":{{"mac":"{TABLET}","to":{{"label":"tv"}}}}}}}}"#),
        r#"{"Control":{"Undo":7}}"#.to_owned(),
    ];
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for round in 0..THROWS {
        let mut body = orders[numbers.below(orders.len())].clone().into_bytes();
        let bytes = match round % 4 {
            // A letter, quote, brace or digit of a sound order becomes something that is none of them.
            0 => {
                let at = numbers.below(body.len());
                body[at] = [0, b'\n', 0xff, b'\\', b';', b'$'][numbers.below(6)];
                frame(&body)
            }
            // It ends too early, or says a length that is not its own.
            1 => {
                let mut bytes = frame(&body);
                bytes.truncate(numbers.below(bytes.len()));
                bytes
            }
            2 => [&[0xff, numbers.below(256) as u8, 0, 0], body.as_slice()].concat(),
            _ => {
                let noise: Vec<u8> = (0..numbers.below(400)).map(|_| numbers.below(256) as u8).collect();
                frame(&noise)
            }
        };
        let answer = throw(&lab, &bytes);
        assert!(!answer.contains("\"Done\""), "{}: {answer}", String::from_utf8_lossy(&bytes));
    }
    assert_eq!(table(&lab), None);
    assert!(!lab.dir().join("state/audit").exists(), "nothing was carried out");
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
    order(&daemon, &["restrict", TABLET, "block"]);
    assert!(table(&lab).is_some_and(|table| table.contains(TABLET)));
}
