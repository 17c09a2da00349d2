//! The threads that bench actors live on, and what they have counted.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, Context, Handler, Message};
use actix_rt::{Arbiter, ArbiterHandle};
use futures_util::future::join_all;
use parking_lot::Mutex;

use crate::clock::Window;
use crate::error::BenchError;
use crate::histogram::Latencies;

/// driver → a bench actor, ask: answered when its connection is open.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), BenchError>")]
pub(crate) struct Connect;

/// driver → a bench actor, ask: answered when its part of the load is over and the last reply in.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), BenchError>")]
pub(crate) struct Begin;

/// An actor that bears load.
pub(crate) trait Bearer:
    Actor<Context = Context<Self>> + Handler<Connect> + Handler<Begin>
{
}

impl<A> Bearer for A where A: Actor<Context = Context<A>> + Handler<Connect> + Handler<Begin> {}

/// What the actors of one thread have counted. It is shared by them and read by the driver: a
/// histogram for each of thousands of connections would be more memory than the broker's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// Requests given to the socket.
    pub(crate) sent: u64,
    /// Requests that are over, whatever became of them.
    pub(crate) answered: u64,
    /// Requests that were answered well inside the window.
    pub(crate) counted: u64,
    /// Replies with an error.
    pub(crate) errors: u64,
    /// The first error code.
    pub(crate) first_error: i16,
    /// Requests that were due but never sent.
    pub(crate) behind: u64,
    /// Messages read.
    pub(crate) messages: u64,
    /// Bytes of batches read.
    pub(crate) bytes: u64,
    /// Bytes of replies read.
    pub(crate) wire: u64,
    /// Replies without a record.
    pub(crate) empty: u64,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        if self.errors == 0 {
            self.first_error = other.first_error;
        }
        self.sent += other.sent;
        self.answered += other.answered;
        self.counted += other.counted;
        self.errors += other.errors;
        self.behind += other.behind;
        self.messages += other.messages;
        self.bytes += other.bytes;
        self.wire += other.wire;
        self.empty += other.empty;
    }

    /// What was counted since `earlier`.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        Self {
            sent: self.sent - earlier.sent,
            answered: self.answered - earlier.answered,
            counted: self.counted - earlier.counted,
            errors: self.errors - earlier.errors,
            first_error: self.first_error,
            behind: self.behind - earlier.behind,
            messages: self.messages - earlier.messages,
            bytes: self.bytes - earlier.bytes,
            wire: self.wire - earlier.wire,
            empty: self.empty - earlier.empty,
        }
    }

    /// One reply with an error code.
    pub(crate) fn refused(&mut self, code: i16) {
        if self.errors == 0 {
            self.first_error = code;
        }
        self.errors += 1;
    }
}

/// Counts and latencies.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    pub(crate) counts: Counts,
    /// Latencies inside the window.
    pub(crate) latencies: Latencies,
    /// How late requests of an open loop left.
    pub(crate) lag: Latencies,
    /// Latencies since the live view last asked.
    pub(crate) recent: Latencies,
}

/// A recorder that the actors of one thread share.
pub(crate) type SharedRecorder = Arc<Mutex<Recorder>>;

/// The threads.
pub(crate) struct Fleet {
    /// None if the actors live on somebody else's thread.
    arbiters: Vec<Arbiter>,
    handles: Vec<ArbiterHandle>,
    recorders: Vec<SharedRecorder>,
}

impl Fleet {
    /// Starts `threads` threads, at least one.
    pub(crate) fn start(threads: usize) -> Self {
        let threads = threads.max(1);
        let arbiters: Vec<_> = (0..threads).map(|_| Arbiter::new()).collect();
        let handles = arbiters.iter().map(Arbiter::handle).collect();
        let recorders = (0..threads).map(|_| SharedRecorder::default()).collect();
        Self { arbiters, handles, recorders }
    }

    /// Has no thread of its own: its actors live on this one, and end when they are let go.
    pub(crate) fn on_current_arbiter() -> Self {
        let (handles, recorders) = (vec![Arbiter::current()], vec![SharedRecorder::default()]);
        Self { arbiters: Vec::new(), handles, recorders }
    }

    /// Starts an actor on one of the threads, by turns.
    pub(crate) fn spawn<A: Actor<Context = Context<A>>>(
        &self,
        index: usize,
        factory: impl FnOnce(SharedRecorder) -> A + Send + 'static,
    ) -> Addr<A> {
        let thread = index % self.handles.len();
        let recorder = Arc::clone(&self.recorders[thread]);
        A::start_in_arbiter(&self.handles[thread], move |_| factory(recorder))
    }

    /// Everything counted so far.
    pub(crate) fn counts(&self) -> Counts {
        let mut all = Counts::default();
        self.recorders.iter().for_each(|recorder| all.add(&recorder.lock().counts));
        all
    }

    /// Every latency inside the window, and every lag.
    pub(crate) fn latencies(&self) -> (Latencies, Latencies) {
        let (mut latencies, mut lag) = (Latencies::new(), Latencies::new());
        for recorder in &self.recorders {
            let recorder = recorder.lock();
            latencies.add(&recorder.latencies);
            lag.add(&recorder.lag);
        }
        (latencies, lag)
    }

    /// The latencies since the last call.
    pub(crate) fn recent(&self) -> Latencies {
        let mut recent = Latencies::new();
        for recorder in &self.recorders {
            recent.add(&std::mem::take(&mut recorder.lock().recent));
        }
        recent
    }

    /// Stops the threads; the actors and their connections end with them.
    pub(crate) fn stop(self) {
        for arbiter in self.arbiters {
            arbiter.stop();
            // a thread that panicked is as gone as one that stopped
            drop(arbiter.join());
        }
    }
}

/// Connections that are opened at a time: fewer than a broker's backlog takes
/// (`socket.listen.backlog.size`, 50), as what is beyond it waits a second for its next attempt.
const AT_A_TIME: usize = 32;

/// Asks all actors to connect, some at a time.
pub(crate) async fn connect_all<A: Bearer>(actors: &[Addr<A>]) -> Result<(), BenchError> {
    for some in actors.chunks(AT_A_TIME) {
        for answer in join_all(some.iter().map(|actor| actor.send(Connect))).await {
            answer.unwrap_or_else(|_| Err(gone()))?;
        }
    }
    Ok(())
}

/// Seconds for the last replies behind the end of the window.
const LAST_REPLIES: Duration = Duration::from_secs(20);

/// Asks all actors to begin; the first failure among them comes back once all have ended, or have
/// been waited for long enough behind the window's end.
pub(crate) async fn begin_all<A: Bearer>(
    actors: Vec<Addr<A>>,
    window: Arc<Window>,
) -> Result<(), BenchError> {
    let all = join_all(actors.iter().map(|actor| actor.send(Begin)));
    let limit = async {
        loop {
            crate::clock::sleep_until(window.to()).await;
            let over = crate::clock::now() >= window.to();
            if over {
                tokio::time::sleep(LAST_REPLIES).await;
                return;
            }
        }
    };
    tokio::select! {
        answers = all => {
            answers.into_iter().try_for_each(|one| one.unwrap_or_else(|_| Err(gone())))
        }
        () = limit => Err(BenchError::Late { what: "the last replies".into() }),
    }
}

/// The actor panicked, or its thread has stopped.
fn gone() -> BenchError {
    BenchError::Closed { what: "bench actor" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_survives_addition() {
        let mut all = Counts::default();
        let mut one = Counts { counted: 3, ..Counts::default() };
        one.refused(6);
        one.refused(7);
        all.add(&Counts { counted: 2, ..Counts::default() });
        all.add(&one);
        assert_eq!((all.counted, all.errors, all.first_error), (5, 2, 6));
    }
}
