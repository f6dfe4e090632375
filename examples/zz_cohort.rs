#![allow(warnings, clippy::all, clippy::unwrap_used, clippy::print_stderr)]
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let t = std::time::Instant::now();
    let r = deepseg::demo::make_cohort(
        std::path::Path::new(&a[1]),
        a[2].parse().unwrap(),
        a[3].parse().unwrap(),
        &|d, n| eprintln!("{d}/{n} {:?}", t.elapsed()),
    )
    .unwrap();
    for s in &r.subjects {
        eprintln!(
            "{} {:?} {:?} {:?}",
            s.id,
            s.fault,
            s.lesions.iter().map(|l| (l.size, l.volume_mm3 as i64)).collect::<Vec<_>>(),
            s.scans.iter().map(|c| c.mask_volume_mm3 as i64).collect::<Vec<_>>()
        );
    }
}
