//! From a command to core's decision.

use actix::Context;
use kafka_protocol::messages::CreateTopicsRequest;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::protocol::StrBytes;
use ottla_core::base::{ProducerId, TopicName};
use ottla_core::controller::{
    MetadataRecord, PRODUCER_ID_BLOCK, Refusal, World, allocate_producer_ids, alter_configs,
    create_partitions, create_topics, delete_topics, log_dirs_failed, register_broker,
};

use super::messages::{AutoCreated, Command, ProducerIdBlock, Registration, Reply};
use super::outputs::Waiter;
use super::{ControllerActor, ControllerError};

/// Who waits, when the answer is `response`.
fn waiter<T: Send + 'static>(reply: Reply<T>, response: T) -> Waiter {
    // the asker may have gone away; the change stands all the same
    Waiter::new(move |outcome| drop(reply.send(outcome.map(|()| response))))
}

impl ControllerActor {
    pub(super) fn decide(&mut self, command: Command, ctx: &mut Context<Self>) {
        if let Command::Shutdown(reply) = command {
            return self.shut_down(reply, ctx);
        }
        if self.consensus.is_none() {
            return refuse(command, ControllerError::Unavailable);
        }
        let image = std::sync::Arc::clone(self.pipeline.tip());
        let rules = std::sync::Arc::clone(&self.context.rules);
        let mut world = World {
            image: &image,
            broker: self.context.broker,
            rules: &*rules,
            defaults: rules.topic_defaults(&image),
            dice: &mut self.dice,
        };
        let (records, waiter) = match command {
            Command::CreateTopics(request, reply) => {
                let decision = create_topics(&mut world, &request);
                (decision.records, waiter(reply, decision.response))
            }
            Command::AutoCreate(names, reply) => {
                let auto = |name: &TopicName| auto_topic(name, &rules.auto_topic(&image, name));
                let topics = names.iter().filter(|n| image.topic(n).is_none()).map(auto).collect();
                let request = CreateTopicsRequest::default().with_topics(topics);
                let decision = create_topics(&mut world, &request);
                (decision.records, waiter(reply, auto_created(names, &decision.response)))
            }
            Command::DeleteTopics(request, reply) => {
                let decision = delete_topics(&image, &request);
                (decision.records, waiter(reply, decision.response))
            }
            Command::CreatePartitions(request, reply) => {
                let decision = create_partitions(&mut world, &request);
                (decision.records, waiter(reply, decision.response))
            }
            Command::AlterConfigs(change, reply) => {
                let decision = alter_configs(&world, &change.resources, change.validate_only);
                (decision.records, waiter(reply, decision.response))
            }
            Command::AllocateProducerIds(reply) => {
                let (first, record) = allocate_producer_ids(&image, self.context.broker);
                let block = ProducerIdBlock { first: ProducerId(first), count: PRODUCER_ID_BLOCK };
                (vec![record], waiter(reply, block))
            }
            Command::RegisterBroker(registration, reply) => {
                let least = rules.min_insync_replicas();
                let Registration { record, unclean } = registration;
                let records = register_broker(&image, record, unclean, least);
                (records, waiter(reply, ()))
            }
            Command::LogDirsFailed(broker, usable, reply) => {
                (log_dirs_failed(&image, broker, usable), waiter(reply, ()))
            }
            Command::Shutdown(reply) => (Vec::new(), waiter(reply, ())),
        };
        self.submit(records, waiter, ctx);
    }

    /// Puts records on their way to the log.
    pub(super) fn submit(
        &mut self,
        records: Vec<MetadataRecord>,
        waiter: Waiter,
        ctx: &mut Context<Self>,
    ) {
        let mut out = Vec::new();
        if let Err((error, waiter)) = self.pipeline.decided(records, waiter, &mut out) {
            tracing::error!(%error, "a decision does not fit the state it was made on");
            waiter.fail(ControllerError::Lost);
        }
        self.run(out, ctx);
    }
}

fn refuse(command: Command, error: ControllerError) {
    fn no<T>(reply: Reply<T>, error: ControllerError) {
        drop(reply.send(Err(error)));
    }
    match command {
        Command::CreateTopics(_, reply) => no(reply, error),
        Command::AutoCreate(_, reply) => no(reply, error),
        Command::DeleteTopics(_, reply) => no(reply, error),
        Command::CreatePartitions(_, reply) => no(reply, error),
        Command::AlterConfigs(_, reply) => no(reply, error),
        Command::AllocateProducerIds(reply) => no(reply, error),
        Command::RegisterBroker(_, reply)
        | Command::LogDirsFailed(_, _, reply)
        | Command::Shutdown(reply) => no(reply, error),
    }
}

fn auto_topic(name: &TopicName, topic: &super::AutoTopic) -> CreatableTopic {
    let text = |s: &str| StrBytes::from_string(s.to_owned());
    let config = |(key, value): &(String, String)| {
        CreatableTopicConfig::default().with_name(text(key)).with_value(Some(text(value)))
    };
    CreatableTopic::default()
        .with_name(text(name).into())
        .with_num_partitions(topic.partitions)
        .with_replication_factor(topic.replication_factor)
        .with_configs(topic.configs.iter().map(config).collect())
}

fn auto_created(
    names: Vec<TopicName>,
    response: &kafka_protocol::messages::CreateTopicsResponse,
) -> Vec<AutoCreated> {
    let outcome = |name: TopicName| {
        let result = response.topics.iter().find(|topic| **topic.name == *name);
        let error = result.and_then(|topic| {
            let code = kafka_protocol::error::ResponseError::try_from_code(topic.error_code)?;
            let message = topic.error_message.as_ref().map(ToString::to_string);
            Some(Refusal { code, message })
        });
        (name, error.map_or(Ok(()), Err))
    };
    names.into_iter().map(outcome).collect()
}
