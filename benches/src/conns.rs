//! Idle connections: what one costs the broker in processor time and in memory.

use std::time::Duration;

use actix::prelude::*;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::clock::{now, seconds};
use crate::error::BenchError;
use crate::greet::{Greeter, Protocol};
use crate::histogram::as_f64;
use crate::options::Common;
use crate::report::Report;
use crate::stop::Stop;
use crate::usage::{Cpu, Memory, growth};

/// Measures connections that do nothing: how fast they are taken, what each costs.
///
/// Each connects, asks for the versions, waits, and asks again before the end.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct ConnsOptions {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it")]
    pub common: Common,
    /// Connections, each a bench actor
    #[arg(long, value_name = "N", default_value_t = 5000)]
    pub connections: usize,
    /// Connections that are made at the same time
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub concurrency: usize,
    /// Seconds to hold them
    #[arg(long, value_name = "S", default_value_t = 3.0)]
    pub hold: f64,
}

/// Holds one connection.
struct Idler {
    protocol: Protocol,
    address: String,
    client: Option<Greeter>,
}

impl Actor for Idler {
    type Context = Context<Self>;
}

/// driver → Idler, ask: answered when the broker has said its first words; connects if need be.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), BenchError>")]
struct Greet;

impl Handler<Greet> for Idler {
    type Result = ResponseActFuture<Self, Result<(), BenchError>>;

    fn handle(&mut self, _: Greet, _: &mut Self::Context) -> Self::Result {
        let (protocol, address) = (self.protocol, self.address.clone());
        let client = self.client.take();
        let greeted = async move {
            match client {
                None => Greeter::connect(protocol, &address).await,
                Some(mut client) => client.greet().await.map(|()| client),
            }
        };
        Box::pin(greeted.into_actor(self).map(|client, actor, _| {
            actor.client = Some(client?);
            Ok(())
        }))
    }
}

/// Holds connections.
pub(crate) async fn run(
    options: &ConnsOptions,
    protocol: Protocol,
    stop: &Stop,
) -> Result<Report, BenchError> {
    if options.connections == 0 || options.concurrency == 0 {
        return Err(BenchError::options("--connections and --concurrency must be at least 1"));
    }
    let pid = options.common.pid;
    // whether it answers at all, before anything is counted
    drop(Greeter::connect(protocol, &options.common.bootstrap_server).await?);
    let memory = pid.and_then(Memory::of);
    let cpu = pid.and_then(Cpu::of);
    let idlers: Vec<Addr<Idler>> = (0..options.connections)
        .map(|_| {
            let address = options.common.bootstrap_server.clone();
            Idler { protocol, address, client: None }.start()
        })
        .collect();

    let begun = now();
    greet(&idlers, options.concurrency, stop).await?;
    let connected = seconds(now() - begun);
    let hold = Duration::try_from_secs_f64(options.hold)
        .map_err(|_| BenchError::options("--hold must not be negative"))?;
    tokio::select! {
        () = tokio::time::sleep(hold) => {}
        () = stop.wait() => {}
    }
    let during = pid.and_then(Memory::of);
    let begun = now();
    greet(&idlers, options.concurrency, stop).await?;

    let mut report = Report::new("conns");
    let count = as_f64(u64::try_from(options.connections).unwrap_or(u64::MAX));
    report.set("n", options.connections);
    report.number("connects_per_s", count / connected.max(1e-9));
    report.number("second_round_s", seconds(now() - begun));
    if let Some(growth) = growth(memory, during) {
        report.number("rss_growth_mb", growth / 1e6);
        report.number("rss_per_conn_kb", growth / 1e3 / count);
    }
    if let Some((before, after)) = cpu.zip(pid.and_then(Cpu::of)) {
        let microseconds = (after.total() - before.total()) * 1e6;
        report.number("broker_cpu_us_per_conn", microseconds / count);
    }
    if let Some(memory) = pid.and_then(Memory::of) {
        report.set("broker", memory.to_json());
    }
    if stop.asked() {
        report.set("interrupted", true);
    }
    Ok(report)
}

async fn greet(idlers: &[Addr<Idler>], concurrency: usize, stop: &Stop) -> Result<(), BenchError> {
    let mut rest = idlers.iter();
    let mut under_way = FuturesUnordered::new();
    loop {
        while under_way.len() < concurrency {
            let Some(idler) = rest.next() else { break };
            under_way.push(idler.send(Greet));
        }
        let next = tokio::select! {
            next = under_way.next() => next,
            () = stop.wait() => return Err(BenchError::Interrupted),
        };
        match next {
            None => return Ok(()),
            Some(answer) => {
                answer.unwrap_or(Err(BenchError::Closed { what: "idle connection" }))?;
            }
        }
    }
}
