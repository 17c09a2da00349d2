//! Actors that panic, and what becomes of them.

use std::future::Future;
use std::sync::atomic::AtomicU64;

use actix::{AsyncContext, Handler, Message};

use super::*;
use crate::runtime::{Clock, Reply, ReplyPort, ask, fault, offer, tell};

#[derive(Message)]
#[rtype(result = "u64")]
struct Count;

#[derive(Message)]
#[rtype(result = "()")]
struct Panic;

#[derive(Message)]
#[rtype(result = "()")]
struct End(ExitReason);

#[derive(Message)]
#[rtype(result = "()")]
struct Never(ReplyPort<Got>);

#[derive(Debug, PartialEq)]
enum Got {
    Lost,
}

impl Reply for Got {
    fn lost() -> Self {
        Self::Lost
    }
}

struct Counter {
    count: u64,
    parked: Vec<ReplyPort<Got>>,
    epitaph: Epitaph,
}

impl Actor for Counter {
    type Context = Context<Self>;
}

impl Handler<Count> for Counter {
    type Result = u64;

    fn handle(&mut self, _: Count, _: &mut Self::Context) -> u64 {
        self.count += 1;
        self.count
    }
}

impl Handler<Panic> for Counter {
    type Result = ();

    fn handle(&mut self, _: Panic, _: &mut Self::Context) {
        panic!("asked to");
    }
}

impl Handler<End> for Counter {
    type Result = ();

    fn handle(&mut self, End(reason): End, ctx: &mut Self::Context) {
        self.epitaph.because(reason);
        ctx.run_later(Duration::ZERO, |_, ctx| actix::ActorContext::stop(ctx));
    }
}

impl Handler<Never> for Counter {
    type Result = ();

    fn handle(&mut self, Never(port): Never, _: &mut Self::Context) {
        self.parked.push(port);
    }
}

struct Guarded {
    guardian: Guardian,
    routes: Arc<Mutex<Vec<Route<Counter>>>>,
    offline: Arc<Mutex<Vec<ExitReason>>>,
    built: Arc<AtomicU64>,
}

impl Guarded {
    /// Starts a counter whose factory panics at the builds `fails` names.
    fn start(core: usize, guardian: &Guardian, fails: fn(u64) -> bool) -> Self {
        let routes = Arc::new(Mutex::new(Vec::new()));
        let offline = Arc::new(Mutex::new(Vec::new()));
        let built = Arc::new(AtomicU64::new(0));
        let (published, told, counted) =
            (Arc::clone(&routes), Arc::clone(&offline), Arc::clone(&built));
        let child = Child::new(format!("counter {}", guardian_id()), core, move |_, epitaph| {
            let build = counted.fetch_add(1, Ordering::SeqCst) + 1;
            assert!(!fails(build), "build {build} fails");
            Counter { count: 0, parked: Vec::new(), epitaph }
        })
        .publish(move |route| published.lock().push(route))
        .offline(move |reason| told.lock().push(reason));
        guardian.start(child);
        Self { guardian: guardian.clone(), routes, offline, built }
    }

    fn latest(&self) -> (Arc<Addr<Counter>>, Generation) {
        let routes = self.routes.lock();
        let route = routes.last().unwrap();
        (Arc::clone(&route.addr), route.generation)
    }

    async fn until_generation(&self, generation: u64) -> Arc<Addr<Counter>> {
        loop {
            let (addr, latest) = self.latest();
            if latest == Generation(generation) {
                return addr;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn until_offline(&self) -> Vec<ExitReason> {
        loop {
            let told = self.offline.lock().clone();
            if !told.is_empty() {
                return told;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// Keeps the names of different tests' actors apart.
fn guardian_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Runs `test` on cores of both kinds: threads of their own, and the arbiter of the test.
fn run<F: Future<Output = ()>>(test: impl Fn(Guardian) -> F) {
    actix::System::new().block_on(async {
        let threads = Cores::start(2, false).unwrap();
        let guest = Cores::on_current_arbiter(Clock::system(), || {}).unwrap();
        for cores in [threads, guest].map(Arc::new) {
            let policy = RestartPolicy { longest_pause_ms: 20, ..RestartPolicy::default() };
            let within = Duration::from_secs(20);
            let guardian = Guardian::new(Arc::clone(&cores), policy);
            let done = tokio::time::timeout(within, test(guardian)).await;
            cores.stop().await;
            assert!(done.is_ok(), "the test took too long");
        }
    });
}

#[test]
fn a_panicked_actor_is_built_anew_and_its_neighbours_do_not_notice() {
    run(|guardian| async move {
        let healthy = Guarded::start(0, &guardian, |_| false);
        let doomed = Guarded::start(0, &guardian, |_| false);
        let (healthy_addr, _) = healthy.latest();
        let (addr, _) = doomed.latest();
        assert_eq!(ask(&addr, Count).await.unwrap(), 1);
        let (port, answer) = ReplyPort::oneshot();
        tell(&addr, Never(port));
        assert_eq!(ask(&healthy_addr, Count).await.unwrap(), 1);
        tell(&addr, Panic);
        assert_eq!(answer.await, Got::Lost);
        let fresh = doomed.until_generation(2).await;
        assert_eq!(ask(&fresh, Count).await.unwrap(), 1);
        assert!(matches!(offer(&addr, Count), Err(crate::runtime::Refused::Gone(_))));
        assert_eq!(ask(&healthy_addr, Count).await.unwrap(), 2);
        assert_eq!(healthy.built.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn an_actor_that_keeps_panicking_is_given_up_and_the_process_lives_on() {
    run(|guardian| async move {
        let healthy = Guarded::start(1, &guardian, |_| false);
        let doomed = Guarded::start(1, &guardian, |build| build > 1);
        tell(&doomed.latest().0, Panic);
        assert_eq!(doomed.until_offline().await, [ExitReason::Panicked]);
        // the first build, and the five restarts that the limit allows
        assert_eq!(doomed.built.load(Ordering::SeqCst), 6);
        assert_eq!(ask(&healthy.latest().0, Count).await.unwrap(), 1);
    });
}

#[test]
fn only_a_panic_is_followed_by_a_restart() {
    run(|guardian| async move {
        for reason in [ExitReason::Asked, ExitReason::LeadershipLost, ExitReason::UpstreamGone] {
            let child = Guarded::start(0, &guardian, |_| false);
            let (addr, _) = child.latest();
            tell(&addr, End(reason));
            while addr.connected() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            assert_eq!(child.built.load(Ordering::SeqCst), 1);
            assert!(child.offline.lock().is_empty());
        }
        let child = Guarded::start(0, &guardian, |_| false);
        tell(&child.latest().0, End(ExitReason::DiskFailed));
        assert_eq!(child.until_offline().await, [ExitReason::DiskFailed]);
        assert_eq!(child.built.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_closed_guardian_starts_nothing_again() {
    run(|guardian| async move {
        let child = Guarded::start(0, &guardian, |_| false);
        child.guardian.close();
        let (addr, _) = child.latest();
        tell(&addr, Panic);
        while addr.connected() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        // longer than the first pause
        tokio::time::sleep(Duration::from_millis(60)).await;
        assert_eq!(child.built.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn an_injected_fault_hits_the_named_actor_once() {
    run(|guardian| async move {
        for moment in [fault::Moment::Before, fault::Moment::After] {
            let name = format!("faulty {moment:?}");
            let built = Arc::new(AtomicU64::new(0));
            let counted = Arc::clone(&built);
            let child = Child::new(name.clone(), 0, move |_, epitaph| {
                counted.fetch_add(1, Ordering::SeqCst);
                Counter { count: 0, parked: Vec::new(), epitaph }
            });
            let addr = guardian.start(child);
            assert_eq!(ask(&addr, Count).await.unwrap(), 1);
            fault::panic_next(&name, moment);
            // a message may still be worked off in the turn that is under way
            while ask(&addr, Count).await.is_ok() {}
            while built.load(Ordering::SeqCst) < 2 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    });
}
