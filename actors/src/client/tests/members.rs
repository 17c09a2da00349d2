//! Members of groups: who reads what, from where, and who is told.

use std::collections::BTreeMap;

use ottla_core::client::assignor::Assignor;

use super::consumer::{fill, read, start, tp};
use super::*;
use crate::client::consumer::{OffsetAndMetadata, Rebalance, RebalanceListener};

fn member(address: &str, change: impl FnOnce(&mut ConsumerConfig)) -> Consumer {
    start(address, |config| {
        let mut group = MembershipConfig::new("g");
        group.heartbeat_interval_ms = 20;
        config.group = Some(group);
        config.auto_commit = None;
        change(config);
    })
}

fn with_assignor(config: &mut ConsumerConfig, assignor: Assignor) {
    if let Some(group) = &mut config.group {
        group.assignors = vec![assignor];
    }
}

/// Polls all of these until each of them has what `wanted` says.
async fn settle(consumers: &[&Consumer], wanted: impl Fn(&[usize]) -> bool) {
    let step = async || {
        let polls = consumers.iter().map(|c| c.poll(Duration::from_millis(5)));
        for polled in futures_util::future::join_all(polls).await {
            polled.unwrap();
        }
        let counts: Vec<usize> = consumers.iter().map(|c| c.assignment().len()).collect();
        wanted(&counts).then_some(())
    };
    eventually("the members share as they should", step).await;
}

#[test]
fn members_share_what_there_is() {
    with_broker(|address| async move {
        for assignor in Assignor::ALL {
            let members: Vec<Consumer> =
                (0..3).map(|_| member(&address, |c| with_assignor(c, assignor))).collect();
            for member in &members {
                member.subscribe(&["t"]).unwrap();
            }
            let all: Vec<&Consumer> = members.iter().collect();
            settle(&all, |counts| *counts == [1, 1, 1]).await;
            let mut members = members.into_iter();
            // one leaves, one falls silent
            members.next().unwrap().close().await;
            let left: Vec<Consumer> = members.collect();
            let all: Vec<&Consumer> = left.iter().collect();
            settle(&all, |counts| counts.iter().sum::<usize>() == 3).await;
            for member in left {
                member.close().await;
            }
        }
    });
}

#[test]
fn what_is_committed_is_where_the_next_one_begins() {
    with_broker(|address| async move {
        fill(&address, 0, 0, 100).await;
        let first = member(&address, |config| config.max_poll_records = 30);
        first.subscribe(&["t"]).unwrap();
        assert_eq!(read(&first, 30).await[&0].len(), 30);
        first.commit().await.unwrap();
        assert_eq!(first.committed(&[tp(0)]).await.unwrap()[&tp(0)].offset, Offset(30));
        assert_eq!(read(&first, 30).await[&0].len(), 30);
        let mut at = OffsetAndMetadata::at(Offset(40));
        at.metadata = "half way".to_owned();
        first.commit_offsets(BTreeMap::from([(tp(0), at.clone())])).await.unwrap();
        let (sender, done) = tokio::sync::oneshot::channel();
        let other = BTreeMap::from([(tp(1), OffsetAndMetadata::at(Offset(0)))]);
        first.commit_async(Some(other), move |result| sender.send(result).unwrap());
        assert_eq!(done.await.unwrap(), Ok(()));
        let known = first.committed(&[tp(0), tp(1)]).await.unwrap();
        assert_eq!((&known[&tp(0)], known[&tp(1)].offset), (&at, Offset(0)));
        assert!(first.group_metadata().is_some_and(|identity| identity.generation > 0));
        first.close().await;
        let second = member(&address, |_| ());
        second.subscribe(&["t"]).unwrap();
        assert_eq!(read(&second, 60).await[&0].first(), Some(&40));
        second.close().await;
        // partitions that are assigned by hand begin there too
        let third = member(&address, |_| ());
        third.assign(&[tp(0)]);
        assert_eq!(third.position(&tp(0)).await.unwrap(), Offset(40));
        let none = start(&address, |_| ());
        assert_eq!(none.subscribe(&["t"]), Err(ConsumerError::NoGroup));
        assert_eq!(none.commit().await, Err(ConsumerError::NoGroup));
    });
}

#[test]
fn what_was_dealt_with_is_committed_on_its_own() {
    with_broker(|address| async move {
        fill(&address, 0, 0, 10).await;
        let automatic = |config: &mut ConsumerConfig| {
            config.auto_commit = Some(Duration::from_millis(5));
            config.max_poll_records = 4;
        };
        let first = member(&address, automatic);
        first.subscribe(&["t"]).unwrap();
        read(&first, 4).await;
        read(&first, 4).await;
        // only what came before the last poll
        let committed = async || first.committed(&[tp(0)]).await.unwrap().remove(&tp(0));
        let at_four = async || committed().await.filter(|at| at.offset == Offset(4));
        eventually("the commit comes on its own", at_four).await;
        first.close().await;
        let second = member(&address, |_| ());
        second.assign(&[tp(0)]);
        assert_eq!(second.position(&tp(0)).await.unwrap(), Offset(8));
    });
}

/// Writes down what it is told.
struct Told(Arc<parking_lot::Mutex<Vec<String>>>);

impl RebalanceListener for Told {
    fn assigned<'a>(
        &'a mut self,
        rebalance: &'a Rebalance,
        partitions: &'a Partitions,
    ) -> futures_util::future::LocalBoxFuture<'a, ()> {
        self.0.lock().push(format!("assigned {}", partitions.len()));
        for partition in partitions {
            rebalance.seek(partition, Offset(5)).unwrap();
        }
        Box::pin(std::future::ready(()))
    }

    fn revoked<'a>(
        &'a mut self,
        rebalance: &'a Rebalance,
        partitions: &'a Partitions,
    ) -> futures_util::future::LocalBoxFuture<'a, ()> {
        self.0.lock().push(format!("revoked {}", partitions.len()));
        Box::pin(async { rebalance.commit_positions(partitions).await.unwrap() })
    }
}

#[test]
fn a_listener_is_told_and_may_seek_and_commit() {
    with_broker(|address| async move {
        fill(&address, 0, 0, 10).await;
        let told = Arc::new(parking_lot::Mutex::new(Vec::new()));
        let first = member(&address, |_| ());
        first.subscribe_with(&["t"], Told(Arc::clone(&told))).unwrap();
        assert_eq!(read(&first, 5).await[&0], [5, 6, 7, 8, 9]);
        first.unsubscribe();
        let given_up = async || first.assignment().is_empty().then_some(());
        eventually("what nobody wants is given up", given_up).await;
        assert_eq!(*told.lock(), ["assigned 3", "revoked 3"]);
        assert_eq!(first.committed(&[tp(0)]).await.unwrap()[&tp(0)].offset, Offset(10));
        first.subscribe_pattern_with(|topic| topic.starts_with('t'), Told(told.clone())).unwrap();
        settle(&[&first], |counts| *counts == [3]).await;
        assert!(first.subscription().contains("t"));
        first.close().await;
        assert_eq!(told.lock().last().unwrap(), "revoked 3");
    });
}

#[test]
fn a_static_member_comes_back_to_its_own() {
    with_broker(|address| async move {
        let named = |name: &'static str| {
            move |config: &mut ConsumerConfig| {
                if let Some(group) = &mut config.group {
                    group.instance_id = Some(name.to_owned());
                }
            }
        };
        let (one, two) = (member(&address, named("one")), member(&address, named("two")));
        one.subscribe(&["t"]).unwrap();
        two.subscribe(&["t"]).unwrap();
        settle(&[&one, &two], |counts| counts.iter().sum::<usize>() == 3 && counts[0] > 0).await;
        let before = (one.assignment(), one.group_metadata().unwrap().generation);
        one.close().await;
        let one = member(&address, named("one"));
        one.subscribe(&["t"]).unwrap();
        settle(&[&one, &two], |counts| counts.iter().sum::<usize>() == 3 && counts[0] > 0).await;
        assert_eq!((one.assignment(), one.group_metadata().unwrap().generation), before);
        // somebody else with the same name takes its place
        let thief = member(&address, named("one"));
        thief.subscribe(&["t"]).unwrap();
        settle(&[&thief, &two], |counts| counts[0] > 0).await;
        let told = async || one.poll(Duration::from_millis(5)).await.err();
        let fenced = eventually("the member that was replaced is told", told).await;
        let error = kafka_protocol::error::ResponseError::FencedInstanceId;
        assert_eq!(fenced, ConsumerError::Group(error));
    });
}

#[test]
fn an_application_that_stays_away_loses_its_place_and_comes_back() {
    with_broker(|address| async move {
        let slow = member(&address, |config| {
            if let Some(group) = &mut config.group {
                group.max_poll_interval_ms = 100;
            }
        });
        slow.subscribe(&["t"]).unwrap();
        settle(&[&slow], |counts| *counts == [3]).await;
        let other = member(&address, |_| ());
        other.subscribe(&["t"]).unwrap();
        // `slow` does not poll meanwhile
        settle(&[&other], |counts| *counts == [3]).await;
        settle(&[&slow, &other], |counts| counts.iter().all(|count| *count > 0)).await;
        slow.close().await;
        settle(&[&other], |counts| *counts == [3]).await;
    });
}
