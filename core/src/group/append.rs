//! What is on its way into the log, and what waits for it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use kafka_protocol::error::ResponseError;

use super::calls::reply;
use super::sync::Assigned;
use super::{
    Call, EncodedRecord, GroupCoordinator, GroupId, GroupRecord, Output, Outputs, Response, Waiter,
    membership,
};
use crate::base::{Offset, Tick};

/// The most operations that may be queued or parked in one coordinator.
const MAX_WAITING: usize = 10_000;

/// Why an append failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppendFailure(pub ResponseError);

impl fmt::Display for AppendFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "append to the offsets topic failed: {}", self.0)
    }
}

impl std::error::Error for AppendFailure {}

impl AppendFailure {
    /// What a group's client is told (Kafka: `appendGroupMetadataErrorToResponseError`).
    pub(super) fn code(self) -> ResponseError {
        use ResponseError as E;
        match self.0 {
            E::UnknownTopicOrPartition | E::NotEnoughReplicas | E::RequestTimedOut => {
                E::CoordinatorNotAvailable
            }
            E::NotLeaderOrFollower | E::KafkaStorageError => E::NotCoordinator,
            E::MessageTooLarge | E::RecordListTooLarge | E::InvalidFetchSize => {
                E::UnknownServerError
            }
            other => other,
        }
    }
}

/// What happens when records are in the log, or could not be put there.
#[derive(Clone, Debug)]
pub(super) enum Then {
    /// Nothing: nobody waits.
    Nothing,
    /// This answer goes out; or its kind of refusal.
    Reply(Waiter, Response),
    /// The members of a generation get their assignments.
    Assign(Assigned),
    /// A static member has its new id.
    Replaced(membership::Replacement),
}

/// Records of one operation on one group.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    group: GroupId,
    records: Vec<(GroupRecord, EncodedRecord)>,
    then: Then,
}

/// The operations on their way, oldest first, and the calls that wait for them.
#[derive(Debug, Default)]
pub(super) struct Appends {
    queue: VecDeque<Pending>,
    in_flight: Option<Vec<Pending>>,
    /// How many operations each group has queued or under way.
    busy: HashMap<GroupId, usize>,
    deleting: HashSet<GroupId>,
    parked: HashMap<GroupId, VecDeque<Call>>,
    parked_count: usize,
}

impl Appends {
    /// Whether a call may run now. `Err(None)`: it is parked; `Err(Some)`: there is no room.
    #[expect(clippy::result_large_err, reason = "a call is handed back, not an error")]
    pub(super) fn gate(&mut self, call: Call) -> Result<Call, Option<Call>> {
        let Some(group) = call.request.group() else { return Ok(call) };
        let behind_others = self.parked.contains_key(group) || self.deleting.contains(group);
        let too_early = call.request.needs_all_stored() && self.busy.contains_key(group);
        let full = self.queue.len() + self.parked_count >= MAX_WAITING;
        if full {
            return Err(Some(call));
        }
        if !behind_others && !too_early {
            return Ok(call);
        }
        let group = GroupId::from(group);
        self.parked_count += 1;
        self.parked.entry(group).or_default().push_back(call);
        Err(None)
    }

    /// Whether the group has records on their way.
    pub(super) fn is_busy(&self, group: &str) -> bool {
        self.busy.contains_key(group)
    }

    /// From here until its records are in the log, nothing else happens to this group.
    pub(super) fn seal(&mut self, group: &GroupId) {
        self.deleting.insert(Arc::clone(group));
    }

    fn finished(&mut self, group: &GroupId) -> Option<VecDeque<Call>> {
        let left = self.busy.get_mut(group)?;
        *left -= 1;
        if *left > 0 {
            return None;
        }
        self.busy.remove(group);
        self.deleting.remove(group);
        let calls = self.parked.remove(group)?;
        self.parked_count -= calls.len();
        Some(calls)
    }

    /// The next batch: as many operations as fit, at least one.
    fn next_batch(&mut self, mut room: usize) -> Vec<Pending> {
        let mut batch: Vec<Pending> = Vec::new();
        while let Some(next) = self.queue.front() {
            let size = next.records.iter().map(|(_, encoded)| encoded.size()).sum();
            if size > room && !batch.is_empty() {
                break;
            }
            room = room.saturating_sub(size);
            batch.extend(self.queue.pop_front());
        }
        batch
    }
}

impl GroupCoordinator {
    /// Queues the records of one operation; `then` happens when all of them are in the log.
    pub(super) fn append(
        &mut self,
        now: Tick,
        group: &GroupId,
        records: Vec<GroupRecord>,
        then: Then,
        out: &mut Outputs,
    ) {
        let encoded: Result<Vec<_>, _> = records
            .into_iter()
            .map(|record| record.encode().map(|bytes| (record, bytes)))
            .collect();
        let records = match encoded {
            Ok(records) => records,
            Err(error) => {
                tracing::warn!(%group, %error, "group cannot be stored");
                let failure = AppendFailure(ResponseError::UnknownServerError);
                return self.then(now, group, then, Err(failure), out);
            }
        };
        self.enqueue(group, records, then);
    }

    /// Queues records, cut into batches that fit; `then` goes with the last.
    fn enqueue(&mut self, group: &GroupId, records: Vec<(GroupRecord, EncodedRecord)>, then: Then) {
        let mut part = Vec::new();
        let mut size = 0;
        for record in records {
            let added = record.1.size();
            if size + added > self.settings.append_max_bytes && !part.is_empty() {
                self.push(group, std::mem::take(&mut part), Then::Nothing);
                size = 0;
            }
            size += added;
            part.push(record);
        }
        self.push(group, part, then);
    }

    fn push(&mut self, group: &GroupId, records: Vec<(GroupRecord, EncodedRecord)>, then: Then) {
        *self.appends.busy.entry(Arc::clone(group)).or_default() += 1;
        let pending = Pending { group: Arc::clone(group), records, then };
        self.appends.queue.push_back(pending);
    }

    /// Answers when everything this group has on its way is in the log.
    pub(super) fn reply_when_stored(&mut self, group: &GroupId, waiter: Waiter, answer: Response) {
        self.push(group, Vec::new(), Then::Reply(waiter, answer));
    }

    /// Starts the next append if none is under way and something waits.
    pub(super) fn pump(&mut self, now: Tick, out: &mut Outputs) {
        while self.appends.in_flight.is_none() {
            let mut batch = self.rewrite_part();
            let used: usize = batch.iter().map(EncodedRecord::size).sum();
            let room = self.settings.append_max_bytes.saturating_sub(used);
            // nothing queued goes with a part that fills the batch
            let fits = batch.is_empty() || room >= self.settings.append_max_bytes / 2;
            let pending = if fits { self.appends.next_batch(room) } else { Vec::new() };
            batch.extend(pending.iter().flat_map(|p| p.records.iter().map(|(_, e)| e.clone())));
            if !batch.is_empty() {
                self.appends.in_flight = Some(pending);
                out.push(Output::Append(batch));
            } else if pending.is_empty() {
                return;
            } else {
                self.settle(now, pending, Ok(()), out);
            }
        }
    }

    /// The append under way is over: its first offset and how many records it had, or why it
    /// failed.
    pub fn on_appended(
        &mut self,
        now: Tick,
        result: Result<(Offset, i64), AppendFailure>,
        out: &mut Outputs,
    ) {
        let Some(done) = self.appends.in_flight.take() else { return };
        self.rewrite_appended(&result, out);
        if let Err(failure) = result {
            tracing::warn!(error = %failure, operations = done.len(), "groups were not stored");
        }
        self.settle(now, done, result.map(|_| ()), out);
        self.maybe_rewrite(out);
        self.pump(now, out);
    }

    fn settle(
        &mut self,
        now: Tick,
        done: Vec<Pending>,
        result: Result<(), AppendFailure>,
        out: &mut Outputs,
    ) {
        for Pending { group, records, then } in done {
            if result.is_ok() {
                for (record, _) in records {
                    self.apply(record);
                }
            }
            self.then(now, &group, then, result, out);
            for call in self.appends.finished(&group).into_iter().flatten() {
                self.admit(now, call, out);
            }
        }
    }

    fn then(
        &mut self,
        now: Tick,
        group: &GroupId,
        then: Then,
        result: Result<(), AppendFailure>,
        out: &mut Outputs,
    ) {
        match then {
            Then::Nothing => {}
            Then::Reply(waiter, response) => {
                let response = match result {
                    Ok(()) => response,
                    Err(failure) => failed(response, failure.code()),
                };
                reply(out, waiter, response);
            }
            Then::Assign(assigned) => self.assigned(now, group, assigned, result, out),
            Then::Replaced(change) => self.static_member_stored(now, group, change, result, out),
        }
    }
}

/// The answer that was meant, turned into one that says why not.
fn failed(response: Response, error: ResponseError) -> Response {
    let code = error.code();
    match response {
        Response::Commit(mut commit) => {
            for partition in commit.topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
                partition.error_code = code;
            }
            Response::Commit(commit)
        }
        Response::DeleteOffsets(answer) => {
            Response::DeleteOffsets(answer.with_error_code(code).with_topics(Vec::new()))
        }
        Response::Delete(_) => Response::Delete(Err(error)),
        Response::Leave(answer) => Response::Leave(answer.with_error_code(code)),
        other => other,
    }
}
