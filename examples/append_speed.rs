//! What an append from inside the process costs: one record at a time, and batches of 150 records
//! of 100 bytes with 64 under way. `cargo run --release --example append_speed`

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use ottla::{Acks, Batch, Engine, EngineError, Partition};

const SINGLES: usize = 20_000;
const BATCHES: usize = 20_000;
const RECORDS: usize = 150;
const UNDER_WAY: usize = 64;

fn batch(records: usize) -> Batch {
    std::iter::repeat_n([b'x'; 100], records).collect()
}

/// How long each of many appends took, one after the other.
async fn singles(log: &Partition) -> Result<Vec<Duration>, EngineError> {
    let mut took = Vec::with_capacity(SINGLES);
    for _ in 0..SINGLES {
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

fn main() -> Result<(), Box<dyn std::error::Error>> {
    actix::System::new().block_on(async {
        let engine = Engine::ephemeral().without_listener().start().await?;
        let topic = engine.topic("log").acks(Acks::Leader);
        let log = topic.partition(0);
        let took = singles(&log).await?;
        let at = |share: usize| took.get(took.len() * share / 100).copied().unwrap_or_default();
        println!("one record: p50 {:.1?}, p99 {:.1?}", at(50), at(99));
        let took = batches(&log).await?;
        let rate = (BATCHES * RECORDS) as f64 / took.as_secs_f64();
        println!("batches of {RECORDS} x 100 bytes: {:.2} million records a second", rate / 1e6);
        assert_eq!(usize::try_from(log.latest().await?.0)?, SINGLES + BATCHES * RECORDS);
        engine.stop().await;
        Ok(())
    })
}
