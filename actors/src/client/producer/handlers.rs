//! Each message of a producer's actor.

use actix::{Context, Handler};
use ottla_core::base::{ProducerEpoch, ProducerId};
use ottla_core::client::accumulator::{Outputs, ProduceError};

use super::ProducerActor;
use super::messages::{Abort, Answer, Finished, Flush, Gone, Hurry, Wake};
use crate::client::ClientError;
use crate::runtime::{monotonic_ms, now};

impl Handler<Wake> for ProducerActor {
    type Result = ();

    fn handle(&mut self, _: Wake, ctx: &mut Context<Self>) {
        let mut outputs = Outputs::new();
        self.take_inbox(&mut outputs);
        self.turn(outputs, ctx);
    }
}

impl Handler<Hurry> for ProducerActor {
    type Result = ();

    fn handle(&mut self, _: Hurry, ctx: &mut Context<Self>) {
        let mut outputs = Outputs::new();
        self.take_inbox(&mut outputs);
        self.machine.hurry();
        self.turn(outputs, ctx);
    }
}

impl Handler<Flush> for ProducerActor {
    type Result = ();

    fn handle(&mut self, Flush(answer): Flush, ctx: &mut Context<Self>) {
        let mut outputs = Outputs::new();
        self.take_inbox(&mut outputs);
        self.next_flush += 1;
        self.flushes.insert(self.next_flush, answer);
        self.machine.on_flush(self.next_flush, &mut outputs);
        self.turn(outputs, ctx);
    }
}

impl Handler<Abort> for ProducerActor {
    type Result = ();

    fn handle(&mut self, Abort(error): Abort, ctx: &mut Context<Self>) {
        let mut outputs = Outputs::new();
        self.take_inbox(&mut outputs);
        self.machine.abort(error, &mut outputs);
        self.turn(outputs, ctx);
    }
}

impl Handler<Gone> for ProducerActor {
    type Result = ();

    fn handle(&mut self, _: Gone, ctx: &mut Context<Self>) {
        let mut outputs = Outputs::new();
        self.take_inbox(&mut outputs);
        // nothing will come to join what lingers
        self.machine.hurry();
        self.gone = true;
        self.turn(outputs, ctx);
    }
}

impl Handler<Finished> for ProducerActor {
    type Result = ();

    fn handle(&mut self, Finished(answer): Finished, ctx: &mut Context<Self>) {
        let mut outputs = Outputs::new();
        match answer {
            Answer::Produced { request, response } => {
                self.produced(request, response, &mut outputs);
            }
            Answer::Described(failed) => self.described(failed, &mut outputs),
            Answer::Identified(response) => {
                let refused = match response {
                    Ok(response) => match ClientError::check(response.error_code) {
                        Ok(()) => {
                            let id = ProducerId(response.producer_id.0);
                            self.machine.on_producer_id(id, ProducerEpoch(response.producer_epoch));
                            None
                        }
                        Err(error) => Some(error),
                    },
                    Err(error) => Some(error),
                };
                if let Some(error) = refused {
                    let error = match error {
                        ClientError::Refused(error) => ProduceError::Refused(error),
                        _ => ProduceError::TimedOut(None),
                    };
                    self.machine.on_producer_id_refused(error, &mut outputs);
                }
            }
        }
        self.turn(outputs, ctx);
    }
}

impl ProducerActor {
    fn take_inbox(&mut self, outputs: &mut Outputs<super::Waiter>) {
        let tick = now();
        for (record, waiter) in self.inbox.take() {
            let metadata = self.cluster.metadata();
            self.machine.on_record(tick, &metadata, record, waiter, outputs);
        }
    }

    fn described(
        &mut self,
        failed: Result<Vec<(ottla_core::base::TopicName, i16)>, ClientError>,
        outputs: &mut Outputs<super::Waiter>,
    ) {
        self.metadata.under_way = false;
        let backoff = self.cluster.config().retry_backoff.as_millis();
        let backoff = u64::try_from(backoff).unwrap_or(u64::MAX);
        self.metadata.not_before = monotonic_ms().saturating_add(backoff);
        let failed = failed.unwrap_or_default();
        self.machine.on_metadata(now(), &self.cluster.metadata(), &failed, outputs);
        // those that are still not known are asked for again
        self.metadata.topics.extend(self.machine.unresolved_topics().cloned());
    }
}
