//! What the coordinator says.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{JoinGroupResponse, SyncGroupResponse};

use super::{Membership, Output, Outputs, Stage, count, encoded};
use crate::base::Tick;
use crate::client::Metadata;
use crate::client::assignor::{Assignor, Member, Subscription, protocol};

impl Membership {
    /// The answer to a JoinGroup; none if it did not come.
    pub fn on_joined(
        &mut self,
        now: Tick,
        id: u64,
        answer: Option<&JoinGroupResponse>,
        out: &mut Outputs,
    ) {
        if self.stage != Stage::Joining(id) {
            return;
        }
        let Some(answer) = answer else { return self.again(now, true, out) };
        if let Some(error) = ResponseError::try_from_code(answer.error_code) {
            if error == ResponseError::MemberIdRequired {
                // the id is taken, and used at once (KIP-394)
                self.member_id = answer.member_id.as_str().to_owned();
                return self.join(out);
            }
            return self.on_error(now, error, out);
        }
        let name = answer.protocol_name.as_ref().map_or("", |name| name.as_str());
        let agreed = Assignor::from_name(name);
        let Some(assignor) = agreed.filter(|a| self.config.assignors.contains(a)) else {
            return self.fail(ResponseError::InconsistentGroupProtocol, out);
        };
        self.member_id = answer.member_id.as_str().to_owned();
        self.generation = answer.generation_id;
        self.heartbeat_at = now.monotonic_ms.saturating_add(self.config.heartbeat_interval_ms);
        self.assignor = Some(assignor);
        self.leads = answer.leader.as_str() == self.member_id;
        self.counts.clear();
        self.led.clear();
        if !self.leads || answer.skip_assignment {
            return self.sync(assignor, Vec::new(), out);
        }
        let members = answer.members.iter().filter_map(|member| {
            // a member that says nothing readable wants nothing
            let said = Subscription::decode(&member.metadata, assignor).ok()?;
            let instance = member.group_instance_id.as_ref().map(|id| id.as_str().to_owned());
            Some(said.into_member(member.member_id.as_str().to_owned(), instance))
        });
        let members: Vec<Member> = members.collect();
        let topics = members.iter().flat_map(|member| member.topics.iter().cloned()).collect();
        self.stage = Stage::Choosing(members);
        out.push(Output::NeedTopics(topics));
    }

    /// What the group's topics have is known, as far as they exist: the leader divides them.
    pub fn on_topics(&mut self, metadata: &Metadata, out: &mut Outputs) {
        let (Stage::Choosing(members), Some(assignor)) = (&self.stage, self.assignor) else {
            return;
        };
        let topics = members.iter().flat_map(|member| member.topics.iter().cloned()).collect();
        let counts = count(metadata, &topics);
        self.led = topics;
        let assignments = encoded(&assignor.assign(&counts, members));
        self.counts = counts;
        self.sync(assignor, assignments, out);
    }

    fn sync(
        &mut self,
        assignor: Assignor,
        assignments: Vec<(String, bytes::Bytes)>,
        out: &mut Outputs,
    ) {
        let id = self.id();
        self.stage = Stage::Syncing(id);
        out.push(Output::Sync { id, assignor, assignments });
    }

    /// The answer to a SyncGroup; none if it did not come.
    pub fn on_synced(
        &mut self,
        now: Tick,
        id: u64,
        answer: Option<&SyncGroupResponse>,
        out: &mut Outputs,
    ) {
        if self.stage != Stage::Syncing(id) {
            return;
        }
        let Some(answer) = answer else { return self.again(now, true, out) };
        if let Some(error) = ResponseError::try_from_code(answer.error_code) {
            return self.on_error(now, error, out);
        }
        let Ok(assigned) = protocol::decode_assignment(&answer.assignment) else {
            return self.fail(ResponseError::InconsistentGroupProtocol, out);
        };
        // what the leader knows of a subscription may be older than the subscription
        self.stage = Stage::Synced(assigned.into_iter().collect());
        self.heartbeat_at = now.monotonic_ms.saturating_add(self.config.heartbeat_interval_ms);
    }

    /// The answer to a Heartbeat of `generation`; none if it did not come.
    pub fn on_heartbeat(
        &mut self,
        now: Tick,
        generation: i32,
        code: Option<i16>,
        out: &mut Outputs,
    ) {
        self.heartbeat_under_way = false;
        if generation != self.generation || !self.beats() {
            return;
        }
        let later = now.monotonic_ms.saturating_add(self.config.retry_backoff_ms);
        let Some(code) = code else {
            self.heartbeat_at = later;
            out.push(Output::CoordinatorLost);
            return;
        };
        use ResponseError as E;
        match ResponseError::try_from_code(code) {
            None => {}
            Some(E::RebalanceInProgress) => self.rejoin = true,
            Some(error @ (E::CoordinatorNotAvailable | E::NotCoordinator)) => {
                self.heartbeat_at = later;
                self.on_member_error(error, out);
            }
            Some(E::CoordinatorLoadInProgress) => self.heartbeat_at = later,
            Some(error) => self.on_member_error(error, out),
        }
    }

    /// What the coordinator has against the member itself, whichever request brought it up.
    pub fn on_member_error(&mut self, error: ResponseError, out: &mut Outputs) {
        use ResponseError as E;
        match error {
            E::UnknownMemberId => self.forget_member(),
            E::IllegalGeneration => self.forget_generation(),
            E::RebalanceInProgress => self.rejoin = true,
            E::CoordinatorNotAvailable | E::NotCoordinator => out.push(Output::CoordinatorLost),
            E::FencedInstanceId | E::GroupAuthorizationFailed => self.fail(error, out),
            _ => {}
        }
    }

    /// The group cannot be joined at all.
    pub fn on_refused(&mut self, error: ResponseError, out: &mut Outputs) {
        self.fail(error, out);
    }

    fn on_error(&mut self, now: Tick, error: ResponseError, out: &mut Outputs) {
        use ResponseError as E;
        match error {
            E::UnknownMemberId | E::IllegalGeneration => {
                self.on_member_error(error, out);
                self.stage = Stage::Idle;
                self.retry_at = now.monotonic_ms;
            }
            E::CoordinatorLoadInProgress => self.again(now, false, out),
            E::CoordinatorNotAvailable | E::NotCoordinator => self.again(now, true, out),
            E::RebalanceInProgress => {
                self.again(now, false, out);
                // somebody came or went meanwhile: the next generation is already forming
                self.retry_at = now.monotonic_ms;
            }
            E::UnknownServerError => self.again(now, false, out),
            _ => self.fail(error, out),
        }
    }

    /// Joins again a little later.
    fn again(&mut self, now: Tick, lost: bool, out: &mut Outputs) {
        self.stage = Stage::Idle;
        self.rejoin = true;
        self.retry_at = now.monotonic_ms.saturating_add(self.config.retry_backoff_ms);
        if lost {
            out.push(Output::CoordinatorLost);
        }
    }

    fn fail(&mut self, error: ResponseError, out: &mut Outputs) {
        self.failed = true;
        // it is not a member that the coordinator would hear
        self.stage = Stage::Idle;
        self.generation = -1;
        self.leads = false;
        out.push(Output::Fatal(error));
    }
}
