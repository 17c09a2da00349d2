//! What an append from inside the process costs: one record at a time, and batches of 150 records
//! of 100 bytes with 64 under way; by an engine with threads of its own, and by one on the arbiter
//! of its caller. `cargo run --release --example append_speed`

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use ottla::{Acks, Batch, Engine, EngineBuilder, EngineError, Partition};

const SINGLES: usize = 20_000;
/// Appends after a rest each, in which the cores of the machine may fall asleep.
const RESTED: usize = 1_000;
const REST: Duration = Duration::from_millis(1);
const BATCHES: usize = 20_000;
const RECORDS: usize = 150;
const UNDER_WAY: usize = 64;

fn batch(records: usize) -> Batch {
    std::iter::repeat_n([b'x'; 100], records).collect()
}

/// How long each of many appends took, one after the other, with a rest before each or without.
async fn singles(log: &Partition, rest: Option<Duration>) -> Result<Vec<Duration>, EngineError> {
    let count = if rest.is_some() { RESTED } else { SINGLES };
    let mut took = Vec::with_capacity(count);
    for _ in 0..count {
        if let Some(rest) = rest {
            tokio::time::sleep(rest).await;
        }
        let begun = Instant::now();
        log.append(batch(1)).await?;
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    Ok(took)
}

/// How long many batches took together, records put into batches included.
async fn batches(log: &Partition) -> Result<Duration, Box<dyn std::error::Error>> {
    let begun = Instant::now();
    let mut under_way = VecDeque::with_capacity(UNDER_WAY);
    for _ in 0..BATCHES {
        if under_way.len() == UNDER_WAY
            && let Some(oldest) = under_way.pop_front()
        {
            oldest.await??;
        }
        under_way.push_back(actix::spawn(log.append(batch(RECORDS))));
    }
    for last in under_way {
        last.await??;
    }
    Ok(begun.elapsed())
}

/// Measures one engine, and stops it.
async fn measure(what: &str, builder: EngineBuilder) -> Result<(), Box<dyn std::error::Error>> {
    let engine = builder.without_listener().start().await?;
    let topic = engine.topic("log").acks(Acks::Leader);
    let log = topic.partition(0);
    println!("{what}:");
    for (when, rest) in [("at once", None), ("after a rest", Some(REST))] {
        let took = singles(&log, rest).await?;
        let at = |share: usize| took.get(took.len() * share / 100).copied().unwrap_or_default();
        println!("  one record {when}: p50 {:.1?}, p99 {:.1?}", at(50), at(99));
    }
    let before = log.latest().await?.0;
    let took = batches(&log).await?;
    let rate = (BATCHES * RECORDS) as f64 / took.as_secs_f64();
    println!("  batches of {RECORDS} x 100 bytes: {:.2} million records a second", rate / 1e6);
    assert_eq!(usize::try_from(log.latest().await?.0 - before)?, BATCHES * RECORDS);
    engine.stop().await;
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    actix::System::new().block_on(async {
        measure("with threads of its own", Engine::ephemeral()).await?;
        measure("on the caller's arbiter", Engine::ephemeral().on_current_arbiter()).await
    })
}
