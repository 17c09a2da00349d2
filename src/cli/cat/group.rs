//! `-G`: messages of the partitions that a group gives this member.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::{LocalBoxFuture, ready};
use ottla_actors::client::consumer::{Rebalance, RebalanceListener};
use ottla_actors::client::{Consumer, ConsumerConfig, Partitions, SeekTo};
use ottla_core::base::Offset;
use parking_lot::Mutex;

use super::consume::{Printer, Reading, words};
use super::options::{Options, Start};
use super::settings::fatal;
use crate::cli::kit::{Out, Stop, interrupted};

/// What changes hands, and where reading begins.
struct Listener {
    start: Option<Start>,
    /// What is to be said about it.
    changes: Changes,
}

type Changes = Arc<Mutex<Vec<String>>>;

impl Listener {
    fn note(&self, what: &str, partitions: &Partitions) {
        let one = |p: &ottla_core::base::TopicPartition| format!("{} [{}]", p.topic, p.partition);
        let all: Vec<String> = partitions.iter().map(one).collect();
        self.changes.lock().push(format!("{what}: {}", all.join(", ")));
    }
}

impl RebalanceListener for Listener {
    fn assigned<'a>(
        &'a mut self,
        rebalance: &'a Rebalance,
        partitions: &'a Partitions,
    ) -> LocalBoxFuture<'a, ()> {
        for partition in partitions {
            // it was assigned a moment ago
            _ = match self.start {
                Some(Start::Beginning) => rebalance.seek_to(partition, SeekTo::Beginning),
                Some(Start::End) => rebalance.seek_to(partition, SeekTo::End),
                Some(Start::At(offset)) => rebalance.seek(partition, Offset(offset)),
                None | Some(Start::Stored | Start::BeforeEnd(_)) => Ok(()),
            };
        }
        self.note("assigned", partitions);
        Box::pin(ready(()))
    }

    fn revoked<'a>(
        &'a mut self,
        _: &'a Rebalance,
        partitions: &'a Partitions,
    ) -> LocalBoxFuture<'a, ()> {
        self.note("revoked", partitions);
        Box::pin(ready(()))
    }
}

/// Reads as a member of a group; what was printed is committed.
pub(super) async fn join(
    options: &Options,
    config: ConsumerConfig,
    out: &mut Out,
) -> Result<(), Stop> {
    if options.start_ts.is_some() || options.stop_ts.is_some() {
        return Err(fatal("-o ..@ timestamps can't be used with -G mode\n"));
    }
    if matches!(options.start, Some(Start::BeforeEnd(_))) {
        return Err(fatal("-o -N can't be used with -G mode"));
    }
    let printer = Printer::new(options)?;
    let consumer = Consumer::start(config)?;
    let changes = Changes::default();
    let listener = Listener { start: options.start, changes: Arc::clone(&changes) };
    subscribe(options, &consumer, listener)?;
    let mut reading = Reading::new(options, printer, BTreeMap::new());
    reading.say("Waiting for group rebalance");
    let read = async {
        loop {
            let records = reading.poll(&consumer).await?;
            report(options, &consumer, &reading, &changes);
            reading.follow(&consumer).await?;
            if reading.take_all(&records, &consumer, out)? || reading.at_ends(&consumer)? {
                return Ok(());
            }
        }
    };
    let read = tokio::select! {
        read = read => read,
        // kcat ends as if it had been told when
        () = interrupted() => Ok(()),
    };
    let member = member(&consumer);
    consumer.close().await;
    if options.verbosity > 0 {
        say(options, &member, &changes);
    }
    read
}

/// Topics by name, or those whose names match where a word begins with `^`.
fn subscribe(options: &Options, consumer: &Consumer, listener: Listener) -> Result<(), Stop> {
    let patterns = options.words.iter().any(|word| word.starts_with('^'));
    let failed = |error| fatal(&words(&error));
    if !patterns {
        let names: Vec<&str> = options.words.iter().map(String::as_str).collect();
        return consumer.subscribe_with(&names, listener).map_err(failed);
    }
    let one = |word: &String| match word.starts_with('^') {
        true => format!("(?:{word})"),
        false => format!("(?:^{}$)", regex::escape(word)),
    };
    let all = options.words.iter().map(one).collect::<Vec<_>>().join("|");
    let all = regex::Regex::new(&all).map_err(|error| fatal(&error.to_string()))?;
    consumer.subscribe_pattern_with(move |topic| all.is_match(topic), listener).map_err(failed)
}

fn member(consumer: &Consumer) -> String {
    consumer.group_metadata().map_or(String::new(), |identity| identity.member_id.to_string())
}

fn report(options: &Options, consumer: &Consumer, reading: &Reading<'_>, changes: &Changes) {
    let member = member(consumer);
    for change in std::mem::take(&mut *changes.lock()) {
        let group = &options.group;
        reading.say(&format!("Group {group} rebalanced (memberid {member}): {change}"));
    }
}

fn say(options: &Options, member: &str, changes: &Changes) {
    for change in std::mem::take(&mut *changes.lock()) {
        eprintln!("% Group {} rebalanced (memberid {member}): {change}", options.group);
    }
}
