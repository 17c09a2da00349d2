//! Quotas of users, clients and addresses, and the SCRAM credentials of users.

use kafka_protocol::messages::alter_client_quotas_request::{
    EntityData as AlteredEntity, EntryData as AlteredEntry, OpData,
};
use kafka_protocol::messages::alter_user_scram_credentials_request::ScramCredentialDeletion;
use kafka_protocol::messages::describe_client_quotas_request::ComponentData;
use kafka_protocol::messages::describe_user_scram_credentials_request::UserName;
use kafka_protocol::messages::{
    AlterClientQuotasRequest, AlterUserScramCredentialsRequest, DescribeClientQuotasRequest,
    DescribeUserScramCredentialsRequest,
};

use super::{Admin, Refusal, owned, text};
use crate::client::{ClientError, Route};

/// Which entities of a type are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuotaMatch {
    /// The one of this name.
    Name(String),
    /// The default of all that have none of their own.
    Default,
    /// Every one that has a quota.
    Any,
}

/// The quotas of one entity, such as a user, or a client of a user.
#[derive(Clone, Debug, PartialEq)]
pub struct Quotas {
    /// Type (`user`, `client-id`, `ip`) and name of each part; no name means the default.
    pub entity: Vec<(String, Option<String>)>,
    /// The quotas by key.
    pub values: Vec<(String, f64)>,
}

/// The SCRAM credentials of a user: mechanism (1 is SHA-256, 2 is SHA-512) and iterations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScramUser {
    /// The user.
    pub name: String,
    /// What there is, or why it is not told.
    pub credentials: Result<Vec<(i8, i32)>, Refusal>,
}

impl Admin {
    /// The quotas of entities that have exactly these types.
    ///
    /// # Errors
    /// Nobody answered; within, what the broker refused.
    pub async fn describe_quotas(
        &self,
        entity: &[(&str, QuotaMatch)],
    ) -> Result<Result<Vec<Quotas>, Refusal>, ClientError> {
        let components = entity.iter().map(|(kind, name)| {
            let (code, name) = match name {
                QuotaMatch::Name(name) => (0, Some(text(name))),
                QuotaMatch::Default => (1, None),
                QuotaMatch::Any => (2, None),
            };
            let component = ComponentData::default().with_entity_type(text(kind));
            component.with_match_type(code).with_match(name)
        });
        let request = DescribeClientQuotasRequest::default()
            .with_components(components.collect())
            .with_strict(true);
        let answer = self.ask(Route::Any, request).await?;
        if let Err(refusal) = Refusal::check(answer.error_code, answer.error_message.as_ref()) {
            return Ok(Err(refusal));
        }
        let entries = answer.entries.iter().flatten().map(|entry| Quotas {
            entity: entry
                .entity
                .iter()
                .map(|part| (owned(&part.entity_type), part.entity_name.as_ref().map(owned)))
                .collect(),
            values: entry.values.iter().map(|value| (owned(&value.key), value.value)).collect(),
        });
        Ok(Ok(entries.collect()))
    }

    /// Sets quotas of one entity, or removes those without a value.
    ///
    /// # Errors
    /// Nobody answered; within, what the broker refused.
    pub async fn alter_quotas(
        &self,
        entity: &[(&str, Option<&str>)],
        changes: &[(&str, Option<f64>)],
    ) -> Result<Result<(), Refusal>, ClientError> {
        let parts = entity.iter().map(|(kind, name)| {
            AlteredEntity::default().with_entity_type(text(kind)).with_entity_name(name.map(text))
        });
        let ops = changes.iter().map(|(key, value)| {
            OpData::default()
                .with_key(text(key))
                .with_value(value.unwrap_or_default())
                .with_remove(value.is_none())
        });
        let entry = AlteredEntry::default().with_entity(parts.collect()).with_ops(ops.collect());
        let request = AlterClientQuotasRequest::default().with_entries(vec![entry]);
        let answer = self.ask(Route::Controller, request).await?;
        let mut entries = answer.entries.iter();
        Ok(entries.try_for_each(|one| Refusal::check(one.error_code, one.error_message.as_ref())))
    }

    /// The SCRAM credentials of these users, of all users if none is named.
    ///
    /// # Errors
    /// Nobody answered; within, what the broker refused.
    pub async fn describe_scram(
        &self,
        users: &[&str],
    ) -> Result<Result<Vec<ScramUser>, Refusal>, ClientError> {
        let users = users.iter().map(|user| UserName::default().with_name(text(user)));
        let request =
            DescribeUserScramCredentialsRequest::default().with_users(Some(users.collect()));
        let answer = self.ask(Route::Any, request).await?;
        if let Err(refusal) = Refusal::check(answer.error_code, answer.error_message.as_ref()) {
            return Ok(Err(refusal));
        }
        let users = answer.results.iter().map(|user| {
            let infos = user.credential_infos.iter();
            let infos = infos.map(|info| (info.mechanism, info.iterations)).collect();
            let refused = Refusal::check(user.error_code, user.error_message.as_ref());
            ScramUser { name: owned(&user.user), credentials: refused.map(|()| infos) }
        });
        Ok(Ok(users.collect()))
    }

    /// Takes SCRAM credentials of these mechanisms from a user.
    ///
    /// # Errors
    /// Nobody answered; within, what the broker refused.
    pub async fn delete_scram(
        &self,
        user: &str,
        mechanisms: &[i8],
    ) -> Result<Result<(), Refusal>, ClientError> {
        let deletions = mechanisms.iter().map(|mechanism| {
            ScramCredentialDeletion::default().with_name(text(user)).with_mechanism(*mechanism)
        });
        let request =
            AlterUserScramCredentialsRequest::default().with_deletions(deletions.collect());
        let answer = self.ask(Route::Controller, request).await?;
        let mut results = answer.results.iter();
        Ok(results.try_for_each(|one| Refusal::check(one.error_code, one.error_message.as_ref())))
    }
}
