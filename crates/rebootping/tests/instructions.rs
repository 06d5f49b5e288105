//! What a captured frame costs in instructions: a number that no busy machine changes, so a change that makes it worse shows.
//!
//! The test runs itself under callgrind, which counts what the capture thread does between the kernel's ring and the
//! writer: taking the frame apart, deciding whose it is and how much of it is kept, and its record. A better figure should
//! lower its bound.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use rebootping::measuring::Passage;
use rebootping_lab::imix;

type Mac = [u8; 6];

/// Names the folder to write to, and says that instructions are being counted.
const FOLDER: &str = "REBOOTPING_COUNTED";
/// Which case is counted.
const CASE: &str = "REBOOTPING_COUNTED_CASE";
/// Only what this function does is counted, with all it calls.
const COUNTED: &str = "*Passage*pass*";
const GATEWAY: Mac = [2, 0, 0, 0, 0, 1];
const DEVICES: u8 = 50;
const FRAMES: usize = 30_000;

/// Frames of one kind, and the most instructions one may cost as it is built here: a tenth above what was found with the
/// compiler that makes most of them.
struct Case {
    name: &'static str,
    between_devices: bool,
    flow_cutoff: Option<u64>,
    released: u64,
    debugged: u64,
}

const CASES: [Case; 3] = [
    Case { name: "whole", between_devices: false, flow_cutoff: None, released: 1_360, debugged: 20_900 },
    Case { name: "cut", between_devices: false, flow_cutoff: Some(64_000), released: 1_510, debugged: 21_700 },
    Case { name: "two records", between_devices: true, flow_cutoff: None, released: 1_750, debugged: 30_500 },
];

#[test]
fn a_frame_costs_no_more_instructions_than_it_did() {
    if let Some(folder) = env::var_os(FOLDER) {
        let wanted = env::var(CASE).expect("it is said which case");
        let case = CASES.iter().find(|case| case.name == wanted).expect("a case");
        return case.pass(Path::new(&folder));
    }
    let mut above = Vec::new();
    for case in CASES {
        let most = if cfg!(debug_assertions) { case.debugged } else { case.released };
        let found = case.count() / FRAMES as u64;
        println!("{}: {found} instructions a frame, at most {most}", case.name);
        if found > most {
            above.push(format!("{}: {found} instructions a frame, {most} are allowed", case.name));
        }
    }
    assert!(above.is_empty(), "{above:#?}");
}

impl Case {
    /// Does what is counted.
    fn pass(&self, folder: &Path) {
        let devices: Vec<Mac> = (0..DEVICES).map(device).collect();
        let mut passage = Passage::new(folder, self.flow_cutoff, &[GATEWAY], &devices).expect("threads start");
        let to = |number: u8| if self.between_devices { device((number + 1) % DEVICES) } else { GATEWAY };
        let each: Vec<Vec<Vec<u8>>> = (0..DEVICES).map(|number| imix(device(number), to(number))).collect();
        let frames: Vec<Vec<u8>> =
            (0..FRAMES).map(|at| each[at % each.len()][at / each.len() % each[0].len()].clone()).collect();
        passage.pass(&frames);
        assert_eq!(passage.end(), 0, "no record is lost");
    }

    /// Instructions of all frames.
    fn count(&self) -> u64 {
        let folder = env::temp_dir().join(format!("rebootping-counted-{}", std::process::id()));
        fs::create_dir_all(folder.join("state")).expect("a folder can be made");
        let file = folder.join("callgrind.out");
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=callgrind", "--collect-atstart=no"]);
        valgrind.arg(format!("--toggle-collect={COUNTED}")).arg(format!("--callgrind-out-file={}", file.display()));
        valgrind.arg(env::current_exe().expect("a program has a file"));
        valgrind.env(FOLDER, &folder).env(CASE, self.name);
        let output = valgrind.output().expect("valgrind is not here; tools/need lab installs it");
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
        let counted = fs::read_to_string(&file).expect("callgrind writes a file");
        fs::remove_dir_all(&folder).expect("it was made here");
        let total = counted.lines().find_map(|line| line.strip_prefix("totals: ").or(line.strip_prefix("summary: ")));
        let total = total.and_then(|text| text.trim().parse().ok());
        total.filter(|&total| total > 0).unwrap_or_else(|| panic!("nothing was counted as {COUNTED}"))
    }
}

const fn device(number: u8) -> Mac {
    [2, 0xde, 0, 0, 0, number]
}
