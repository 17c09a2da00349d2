//! A thousand brokers, one after the other, in one process: how long one takes, and what is left.
//! `cargo run --release --example many_engines -- 1000`

use std::time::{Duration, Instant};

use ottla::{Batch, Engine, Offset};

fn count(dir: &str) -> std::io::Result<usize> {
    Ok(std::fs::read_dir(dir)?.count())
}

fn resident_kib() -> std::io::Result<String> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    Ok(line.unwrap_or_default().trim().to_owned())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engines: u32 = std::env::args().nth(1).map_or(Ok(1000), |count| count.parse())?;
    actix::System::new().block_on(async {
        let begun = Instant::now();
        let mut starting = Vec::new();
        for _ in 0..engines {
            let engine = Engine::ephemeral().start().await?;
            starting.push(engine.ready_after());
            let log = engine.topic("log").partition(0);
            log.append(Batch::value("started")).await?;
            assert_eq!(log.read(Offset(0)).await?.records.len(), 1);
            engine.stop().await;
            if starting.len() % 250 == 0 {
                println!("{} engines: {} resident", starting.len(), resident_kib()?);
            }
        }
        let took = begun.elapsed();
        starting.sort_unstable();
        let median = starting.get(starting.len() / 2).copied().unwrap_or(Duration::ZERO);
        let (threads, files) = (count("/proc/self/task")?, count("/proc/self/fd")?);
        println!("{engines} engines in {took:.1?}, each ready after {median:.1?} (median)");
        println!("left: {threads} threads, {files} open files");
        // the main thread, and those that wait for more blocking work
        assert!(threads < 10 && files < 30, "something was not given back");
        Ok(())
    })
}
