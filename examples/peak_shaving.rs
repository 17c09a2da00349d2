//! Peak shaving: a burst of log lines goes through a bounded buffer into a topic, a slow actor
//! works it off at its own pace, and another takes over where the first was stopped.
//! `cargo run --example peak_shaving`

use std::time::{Duration, Instant};

use actix::prelude::*;
use ottla::{Batch, Delivery, Engine, EngineError, StartAt, Topic};
use tokio::sync::{mpsc, watch};

const LINES: usize = 20_000;
/// Lines that may wait in memory; who has more waits too.
const BUFFER: usize = 1_000;

/// Takes what has come in the meantime, as one batch.
async fn collect(mut lines: mpsc::Receiver<String>, log: Topic) -> Result<usize, EngineError> {
    let mut waiting = Vec::new();
    let mut batches = 0;
    while lines.recv_many(&mut waiting, BUFFER).await > 0 {
        let batch: Batch = waiting.drain(..).collect();
        log.append(batch).await?;
        batches += 1;
    }
    Ok(batches)
}

/// Does slow work for each batch it is sent, and counts the lines.
struct Worker {
    worked: watch::Sender<usize>,
}

impl Actor for Worker {
    type Context = Context<Self>;
}

impl Handler<Delivery> for Worker {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, delivery: Delivery, _: &mut Context<Self>) -> Self::Result {
        let worked = self.worked.clone();
        Box::pin(async move {
            // the next batch stays in the log until this one is done with
            tokio::time::sleep(Duration::from_millis(20)).await;
            worked.send_modify(|lines| *lines += delivery.records.len());
        })
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    System::new().block_on(async {
        let engine = Engine::ephemeral().without_listener().start().await?;
        let log = engine.topic("log");
        let (sender, lines) = mpsc::channel(BUFFER);
        let collecting = actix::spawn(collect(lines, log.clone()));

        let begun = Instant::now();
        for n in 0..LINES {
            sender.send(format!("line {n}")).await?;
        }
        drop(sender);
        let batches = collecting.await??;
        println!("{LINES} lines taken as {batches} batches in {:.1?}", begun.elapsed());

        let (worked, mut seen) = watch::channel(0);
        let worker = Worker { worked: worked.clone() }.start();
        let first = log.subscribe(worker.recipient(), StartAt::Earliest).await?;
        seen.wait_for(|lines| *lines > 0).await?;
        // the first worker goes home; what it had begun is its own affair
        let positions = first.unsubscribe();
        let done: i64 = positions.values().map(|offset| offset.0).sum();
        println!("the first worker acknowledged {done} lines");

        worked.send_replace(0);
        let worker = Worker { worked }.start();
        let second = log.subscribe(worker.recipient(), StartAt::Offsets(positions)).await?;
        let left = LINES - usize::try_from(done)?;
        seen.wait_for(|lines| *lines >= left).await?;
        println!("the second worked off the other {left} in {:.1?} in all", begun.elapsed());
        let end = log.partition(0).latest().await?;
        assert_eq!(usize::try_from(end.0)?, LINES);
        drop(second);
        engine.stop().await;
        Ok(())
    })
}

#[test]
fn every_line_is_worked_off() {
    main().expect("it runs");
}
