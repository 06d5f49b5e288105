use super::*;
use rebootping_core::link::Leave;
use std::io::BufRead;

fn boot() -> Time {
    let t = nix::time::clock_gettime(nix::time::ClockId::CLOCK_BOOTTIME).unwrap();
    Time::from_nanos(t.tv_sec() as u64 * 1_000_000_000 + t.tv_nsec() as u64)
}
fn wall() -> String {
    "2026-11-22T00:00:00Z".into()
}
#[test]
fn lab_by_hand() {
    let Ok(args) = std::env::var("REBOOTPING_LAB_NS") else { return };
    let a: Vec<&str> = args.split(',').collect();
    let backend = match a[0] {
        "auto" => Backend::Auto,
        "shorewall" => Backend::Shorewall,
        "exec" => Backend::Exec,
        _ => Backend::Observe,
    };
    let links = a[1]
        .split('+')
        .enumerate()
        .map(|(n, i)| LinkSettings { id: LinkId(n as u16), name: i.into(), interface: i.into() })
        .collect();
    let settings = Settings {
        backend,
        method: if a.get(2) == Some(&"reload") { Method::Reload } else { Method::Interface },
        status_file: None,
        status_file6: None,
        command: std::env::var("EXEC_CMD").map(|c| vec![c]).unwrap_or_default(),
        timeout: Duration::from_secs(a.get(3).and_then(|s| s.parse().ok()).unwrap_or(90)),
        hooks: std::env::var("HOOK").map(|c| vec![vec![c]]).unwrap_or_default(),
        hold_down: Duration::from_secs(3600),
        lock: "/run/com-a/lock".into(),
        links,
    };
    let start = boot();
    let committer = Committer::start(settings, Clock { boot, wall }, move |e| {
        println!(
            "{:9.3} EVENT {:?} {:?} {} {}",
            boot().as_nanos() as f64 / 1e9,
            e.family,
            e.link,
            if e.is_trouble { "!" } else { " " },
            e.text
        );
    })
    .unwrap();
    let _ = start;
    let mut choice = Choice::new();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let w: Vec<&str> = line.split_whitespace().collect();
        match w.as_slice() {
            ["desire", family, rest @ ..] => {
                let f = if *family == "6" { Family::Ipv6 } else { Family::Ipv4 };
                for (n, v) in rest.iter().enumerate() {
                    let want = match *v {
                        "in" => Want::In,
                        "drain" => Want::Out(Leave::Drain),
                        _ => Want::Out(Leave::Cut),
                    };
                    choice.insert((f, LinkId(n as u16)), Wanted { want, gateway: None });
                }
                println!("{:9.3} desire {line}", boot().as_nanos() as f64 / 1e9);
                committer.desire(choice.clone());
            }
            ["release"] => committer.release(),
            ["sleep", s] => thread::sleep(Duration::from_secs_f64(s.parse().unwrap())),
            ["status"] => println!("{:9.3} {:?}", boot().as_nanos() as f64 / 1e9, committer.status()),
            ["sh", ..] => {
                let o = std::process::Command::new("sh").arg("-c").arg(&line[3..]).output().unwrap();
                println!(
                    "{:9.3} $ {}\n{}{}",
                    boot().as_nanos() as f64 / 1e9,
                    &line[3..],
                    String::from_utf8_lossy(&o.stdout),
                    String::from_utf8_lossy(&o.stderr)
                );
            }
            _ => {}
        }
    }
    let t = boot();
    committer.stop(Duration::from_secs(5));
    println!("stopped in {:?}", boot().since(t));
}
