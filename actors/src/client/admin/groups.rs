//! Consumer groups, asked of their coordinators.

use futures_util::future::join_all;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::describe_groups_response::DescribedGroup;
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse,
    ListGroupsRequest, ListGroupsResponse,
};
use kafka_protocol::protocol::{Message, Request, StrBytes};
use ottla_core::base::BrokerId;

use super::{Admin, text};
use crate::client::{ClientError, Route};

/// What an answer that lacks what was asked for stands for.
pub(super) const MISSING: ResponseError = ResponseError::UnknownServerError;

/// Which groups are listed; the default is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupFilter {
    /// Only groups in one of these states, if any are named (`Stable`, `Empty`, …; KIP-518).
    pub states: Vec<String>,
    /// Only groups of one of these types, if any are named (`Classic`, `Consumer`; KIP-848).
    pub types: Vec<String>,
}

impl GroupFilter {
    /// The first version of the request that can say so.
    fn since(&self) -> i16 {
        match (self.states.is_empty(), self.types.is_empty()) {
            (true, true) => 0,
            (false, true) => 4,
            (_, false) => 5,
        }
    }

    fn request(&self) -> ListGroupsRequest {
        let texts = |all: &[String]| -> Vec<StrBytes> { all.iter().map(|one| text(one)).collect() };
        ListGroupsRequest::default()
            .with_states_filter(texts(&self.states))
            .with_types_filter(texts(&self.types))
    }
}

impl Admin {
    /// Every group of the cluster: each broker names those it coordinates.
    ///
    /// # Errors
    /// A broker did not answer, or answered with an error that does not pass.
    pub async fn list_groups(&self) -> Result<Vec<ListedGroup>, ClientError> {
        self.list_groups_with(&GroupFilter::default()).await
    }

    /// The groups of the cluster that a filter lets through, broker by broker.
    ///
    /// # Errors
    /// A broker did not answer, answered with an error that does not pass, or is too old for what
    /// the filter asks.
    pub async fn list_groups_with(
        &self,
        filter: &GroupFilter,
    ) -> Result<Vec<ListedGroup>, ClientError> {
        let brokers = self.describe_cluster().await?.brokers;
        let asked = brokers.iter().map(|broker| {
            let code = |answer: &ListGroupsResponse| answer.error_code;
            let (request, since) = (filter.request(), filter.since());
            let build = move |version: i16| {
                if version < since { ListGroupsRequest::default() } else { request.clone() }
            };
            let route = Route::Broker(BrokerId(broker.broker_id.0));
            self.ask_as(route, i16::MAX, build, code)
        });
        let mut groups = Vec::new();
        for answer in join_all(asked).await {
            let answer = answer?;
            ClientError::check(answer.error_code)?;
            groups.extend(answer.groups);
        }
        // a broker too old for the filter has named every group, some without what it is about
        if groups.iter().any(|group| !filter.passes(group)) {
            let since = filter.since();
            let (wanted, offered) = ((since, ListGroupsRequest::VERSIONS.max), (0, since - 1));
            let key = ListGroupsRequest::KEY;
            return Err(ClientError::Unsupported { key, wanted, offered: Some(offered) });
        }
        Ok(groups)
    }

    /// A group's state and members, as the classic protocol describes them;
    /// [`describe_consumer_groups`](Self::describe_consumer_groups) knows both protocols.
    ///
    /// # Errors
    /// The coordinator did not answer, or answered with an error that does not pass.
    pub async fn describe_group(&self, group: &str) -> Result<DescribedGroup, ClientError> {
        let request = DescribeGroupsRequest::default().with_groups(vec![text(group).into()]);
        let code = |answer: &DescribeGroupsResponse| {
            answer.groups.first().map_or(MISSING.code(), |group| group.error_code)
        };
        let route = Route::Coordinator(group.to_owned());
        let answer = self.ask_as(route, i16::MAX, move |_| request.clone(), code).await?;
        ClientError::check(code(&answer))?;
        answer.groups.into_iter().next().ok_or(ClientError::Refused(MISSING))
    }

    /// Deletes an empty group.
    ///
    /// # Errors
    /// The coordinator did not answer, or answered with an error that does not pass.
    pub async fn delete_group(&self, group: &str) -> Result<(), ClientError> {
        let request = DeleteGroupsRequest::default().with_groups_names(vec![text(group).into()]);
        let code = |answer: &DeleteGroupsResponse| {
            answer.results.first().map_or(MISSING.code(), |result| result.error_code)
        };
        let route = Route::Coordinator(group.to_owned());
        let answer = self.ask_as(route, i16::MAX, move |_| request.clone(), code).await?;
        ClientError::check(code(&answer))
    }
}

impl GroupFilter {
    fn passes(&self, group: &ListedGroup) -> bool {
        let one_of = |all: &[String], found: &str| {
            all.is_empty() || all.iter().any(|one| one.eq_ignore_ascii_case(found))
        };
        one_of(&self.states, &group.group_state) && one_of(&self.types, &group.group_type)
    }
}
