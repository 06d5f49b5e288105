//! Runs seeds and says what was violated.
fn main() {
    let a: Vec<u64> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let mut bad = 0;
    let mut e = 0;
    let mut lt = 0.0;
    let t = std::time::Instant::now();
    for seed in a[0]..a[1] {
        let o = rebootping_sim::world::run(
            seed,
            rebootping_sim::world::Wish { verbose: a.len() > 2, ..Default::default() },
        );
        e += o.echoes;
        lt += o.link_time.as_secs_f64();
        if let Some(b) = o.broken {
            bad += 1;
            if bad < 20 {
                println!("{seed}: {b}");
            }
        }
    }
    println!("{bad} bad, {e} echoes {:.1} link-h {:?}", lt / 3600.0, t.elapsed());
}
