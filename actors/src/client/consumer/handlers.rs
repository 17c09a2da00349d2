//! Each message of a consumer's actor.

use actix::{ActorContext, Context, Handler};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::FetchResponse;
use ottla_core::base::{BrokerId, LeaderEpoch, TopicName, TopicPartition};
use ottla_core::client::LeaderHint;
use ottla_core::client::fetcher::{Output, Outputs};

use super::messages::{Answer, Answered, End, Gone, Look, Question};
use super::{ConsumerActor, ConsumerError};
use crate::client::ClientError;
use crate::client::cluster::{Cluster, Lane, Route};
use crate::runtime::{monotonic_ms, now};

impl Handler<Look> for ConsumerActor {
    type Result = ();

    fn handle(&mut self, _: Look, ctx: &mut Context<Self>) {
        self.turn(Outputs::new(), ctx);
    }
}

impl Handler<Question> for ConsumerActor {
    type Result = ();

    fn handle(&mut self, Question(work): Question, _: &mut Context<Self>) {
        actix_rt::spawn(work(std::rc::Rc::clone(&self.cluster)));
    }
}

impl Handler<Gone> for ConsumerActor {
    type Result = ();

    fn handle(&mut self, _: Gone, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}

impl Handler<End> for ConsumerActor {
    type Result = ();

    fn handle(&mut self, End(done): End, ctx: &mut Context<Self>) {
        let closing = self.hold.0.lock().fetcher.close();
        let cluster = std::rc::Rc::clone(&self.cluster);
        actix_rt::spawn(async move {
            for (node, request) in closing {
                // the broker forgets the session without it, only later
                let timeout = cluster.config().connect_timeout;
                let build = |_| request.clone();
                let route = Route::Broker(node);
                let said = cluster.call_on(Lane::Main, &route, 12, timeout, build).await;
                if let Err(error) = said {
                    tracing::debug!(%error, "a fetch session was not closed");
                }
            }
            // whoever asked may have gone away
            _ = done.send(());
        });
        ctx.stop();
    }
}

impl Handler<Answered> for ConsumerActor {
    type Result = ();

    fn handle(&mut self, Answered(answer): Answered, ctx: &mut Context<Self>) {
        let mut outputs = Outputs::new();
        let tick = now();
        match answer {
            Answer::Fetched { id, answer } => self.fetched(id, answer, &mut outputs),
            Answer::Offsets { id, answer } => {
                let fetcher = &mut self.hold.0.lock().fetcher;
                match answer {
                    Ok(answer) => fetcher.on_offsets(tick, id, &answer, &mut outputs),
                    Err(_) => fetcher.on_offsets_lost(tick, id, &mut outputs),
                }
            }
            Answer::EpochEnds { id, answer } => {
                let fetcher = &mut self.hold.0.lock().fetcher;
                match answer {
                    Ok(answer) => fetcher.on_epoch_ends(tick, id, &answer, &mut outputs),
                    Err(_) => fetcher.on_offsets_lost(tick, id, &mut outputs),
                }
            }
            Answer::Described(failed) => self.described(failed),
        }
        self.turn(outputs, ctx);
        self.hold.0.changed.notify_waiters();
    }
}

impl ConsumerActor {
    fn fetched(
        &mut self,
        id: u64,
        answer: Result<FetchResponse, ClientError>,
        outputs: &mut Outputs,
    ) {
        let mut state = self.hold.0.lock();
        match answer {
            Ok(answer) => {
                let hinted = hints(&self.cluster, &answer);
                state.fetcher.on_fetched(now(), id, &answer, outputs);
                // a leader that the answer itself names need not be asked for
                outputs.retain(|output| {
                    !matches!(output, Output::NeedMetadata(topic) if hinted.contains(topic))
                });
            }
            Err(error) => {
                tracing::debug!(%error, "a fetch was not answered");
                state.fetcher.on_fetch_lost(now(), id, outputs);
            }
        }
    }

    fn described(&mut self, failed: Result<Vec<(TopicName, i16)>, ClientError>) {
        self.metadata.under_way = false;
        let backoff = self.cluster.config().retry_backoff.as_millis();
        let backoff = u64::try_from(backoff).unwrap_or(u64::MAX);
        self.metadata.not_before = monotonic_ms().saturating_add(backoff);
        let mut state = self.hold.0.lock();
        for (topic, code) in failed.unwrap_or_default() {
            // a topic that is not there yet may come
            if let Some(error) = ResponseError::try_from_code(code).filter(|e| !e.is_retriable()) {
                state.complain(ConsumerError::Topic { topic, error });
            }
        }
    }
}

/// Takes over the leaders that an answer names (KIP-951); the topics of which all was news.
fn hints(cluster: &Cluster, answer: &FetchResponse) -> Vec<TopicName> {
    let mut hinted = Vec::new();
    for topic in &answer.responses {
        let name = TopicName::from(topic.topic.as_str());
        for data in topic.partitions.iter().filter(|data| data.error_code != 0) {
            let hint = LeaderHint {
                partition: TopicPartition::new(TopicName::clone(&name), data.partition_index),
                leader: BrokerId(data.current_leader.leader_id.0),
                epoch: LeaderEpoch(data.current_leader.leader_epoch),
                endpoint: None,
            };
            if cluster.hint(&hint) {
                hinted.push(TopicName::clone(&name));
            }
        }
    }
    hinted
}
