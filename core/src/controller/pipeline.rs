//! The way of a decision: decided on the newest state, written, committed, carried out, answered.
//!
//! One entry is written at a time. What is decided meanwhile is gathered and becomes the next
//! entry, so that a burst of requests costs one sync. Decisions are made on the state that all
//! entries before them will lead to; if one fails to be written, all behind it fail with it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::apply::ApplyError;
use super::image::MetadataImage;
use super::record::MetadataRecord;
use crate::base::Offset;

/// What the pipeline wants done. `W` is whoever waits for an answer.
#[derive(Debug, PartialEq)]
pub enum PipelineOutput<W> {
    /// Write these records as one entry.
    Propose(Vec<MetadataRecord>),
    /// Give the answer.
    Release(W),
    /// Say that it failed.
    Fail(W),
}

/// Decisions on their way.
#[derive(Debug)]
pub struct Pipeline<W> {
    tip: Arc<MetadataImage>,
    gathered: Vec<MetadataRecord>,
    gathering: Vec<W>,
    in_flight: Option<Vec<W>>,
    committed: VecDeque<(Offset, Vec<W>)>,
    applied: Offset,
}

impl<W> Pipeline<W> {
    /// A pipeline that begins at `image`, which is carried out already.
    #[must_use]
    pub fn new(image: Arc<MetadataImage>) -> Self {
        Self {
            applied: image.offset(),
            tip: image,
            gathered: Vec::new(),
            gathering: Vec::new(),
            in_flight: None,
            committed: VecDeque::new(),
        }
    }

    /// The state to decide on.
    #[must_use]
    pub fn tip(&self) -> &Arc<MetadataImage> {
        &self.tip
    }

    /// `records` were decided; `waiter` gets its answer when they are carried out. A decision
    /// without records waits for the entries it was based on.
    pub fn decided(
        &mut self,
        mut records: Vec<MetadataRecord>,
        waiter: W,
        out: &mut Vec<PipelineOutput<W>>,
    ) -> Result<(), (ApplyError, W)> {
        if records.is_empty() {
            self.wait(waiter, out);
            return Ok(());
        }
        match self.tip.apply(&records) {
            Ok((image, _)) => self.tip = Arc::new(image),
            Err(error) => return Err((error, waiter)),
        }
        self.gathered.append(&mut records);
        self.gathering.push(waiter);
        self.propose(out);
        Ok(())
    }

    fn wait(&mut self, waiter: W, out: &mut Vec<PipelineOutput<W>>) {
        if !self.gathering.is_empty() {
            self.gathering.push(waiter);
        } else if let Some(in_flight) = &mut self.in_flight {
            in_flight.push(waiter);
        } else if let Some((_, last)) = self.committed.back_mut() {
            last.push(waiter);
        } else {
            out.push(PipelineOutput::Release(waiter));
        }
    }

    fn propose(&mut self, out: &mut Vec<PipelineOutput<W>>) {
        if self.in_flight.is_none() && !self.gathered.is_empty() {
            self.in_flight = Some(std::mem::take(&mut self.gathering));
            out.push(PipelineOutput::Propose(std::mem::take(&mut self.gathered)));
        }
    }

    /// The entry in flight is committed at `offset`.
    pub fn committed(&mut self, offset: Offset, out: &mut Vec<PipelineOutput<W>>) {
        let waiters = self.in_flight.take().unwrap_or_default();
        self.committed.push_back((offset, waiters));
        self.release(out);
        self.propose(out);
    }

    /// The entry in flight was not written; `image` is the state without it.
    pub fn failed(&mut self, image: Arc<MetadataImage>, out: &mut Vec<PipelineOutput<W>>) {
        self.tip = image;
        self.gathered.clear();
        let in_flight = self.in_flight.take().unwrap_or_default();
        let gathering = std::mem::take(&mut self.gathering);
        out.extend(in_flight.into_iter().chain(gathering).map(PipelineOutput::Fail));
    }

    /// Everything up to `offset` is carried out on this broker.
    pub fn applied(&mut self, offset: Offset, out: &mut Vec<PipelineOutput<W>>) {
        self.applied = self.applied.max(offset);
        self.release(out);
    }

    fn release(&mut self, out: &mut Vec<PipelineOutput<W>>) {
        while let Some((offset, _)) = self.committed.front() {
            if *offset > self.applied {
                break;
            }
            let waiters = self.committed.pop_front().map(|(_, waiters)| waiters);
            out.extend(waiters.into_iter().flatten().map(PipelineOutput::Release));
        }
    }
}

#[cfg(test)]
#[path = "pipeline_tests.rs"]
mod tests;
