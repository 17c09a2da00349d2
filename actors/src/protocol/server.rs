//! All listeners and hosts of a broker, started and stopped together.

use std::sync::Arc;

use actix::Addr;
use parking_lot::Mutex;

use super::acceptor::{Acceptor, AcceptorParts};
use super::host::{ConnectionHost, ConnectionRules};
use super::messages::{DrainAll, StopAccepting};
use super::quotas::ConnectionQuotas;
use super::{Hosts, Listener};
use crate::node::Node;
use crate::runtime::{Child, ReplyPort, Route, tell};

/// Where the guardian publishes the acceptor of one listener.
type AcceptorSlot = Arc<Mutex<Option<Arc<Addr<Acceptor>>>>>;

/// The listeners and connections of a broker.
pub struct Server {
    acceptors: Vec<AcceptorSlot>,
    hosts: Arc<Hosts>,
    quotas: Arc<ConnectionQuotas>,
}

impl Server {
    /// Starts to accept on `sockets`, each already bound.
    #[must_use]
    pub fn start(
        node: &Arc<Node>,
        sockets: Vec<(std::net::TcpListener, Arc<Listener>)>,
        rules: ConnectionRules,
    ) -> Self {
        let hosts = start_hosts(node, rules);
        let quotas = ConnectionQuotas::new(Arc::clone(node));
        let acceptors = sockets.into_iter().map(|(socket, listener)| {
            let parts = AcceptorParts {
                socket,
                listener,
                quotas: Arc::clone(&quotas),
                hosts: Arc::clone(&hosts),
            };
            start_acceptor(node, parts)
        });
        let acceptors = acceptors.collect();
        Self { acceptors, hosts, quotas }
    }

    /// Connections open now.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.quotas.open()
    }

    /// Connections that have stayed for long enough to be given a core for good.
    #[must_use]
    pub fn settled(&self) -> usize {
        self.hosts.settled()
    }

    /// How often a connection has moved to where its answers come from.
    #[must_use]
    pub fn moves(&self) -> u64 {
        self.quotas.moves()
    }

    /// Stops accepting, lets requests in flight finish for up to `deadline_ms`, closes all.
    pub async fn stop(&self, deadline_ms: u64) {
        for acceptor in &self.acceptors {
            if let Some(acceptor) = acceptor.lock().take() {
                tell(&acceptor, StopAccepting);
            }
        }
        for host in self.hosts.all() {
            let (done, drained) = ReplyPort::oneshot();
            tell(&host.addr, DrainAll { deadline_ms, done });
            drained.await;
        }
    }
}

fn start_hosts(node: &Arc<Node>, rules: ConnectionRules) -> Arc<Hosts> {
    let hosts = Arc::new(Hosts::default());
    for core in 0..node.cores.count() {
        let owner = Arc::clone(node);
        let published = Arc::clone(&hosts);
        let all = Arc::clone(&hosts);
        let child = Child::new(format!("host {core}"), core, move |_, epitaph| {
            ConnectionHost::new(Arc::clone(&owner), core, Arc::clone(&all), rules, epitaph)
        });
        node.guardian.start(child.publish(move |route| published.publish(core, route)));
    }
    hosts
}

fn start_acceptor(node: &Arc<Node>, parts: AcceptorParts) -> AcceptorSlot {
    let current = Arc::new(Mutex::new(None));
    let published = Arc::clone(&current);
    let name = format!("acceptor {}", parts.listener.name);
    let parts = Arc::new(parts);
    let child = Child::new(name, 0, move |_, epitaph| Acceptor::new(Arc::clone(&parts), epitaph));
    let publish = move |route: Route<Acceptor>| *published.lock() = Some(route.addr);
    node.guardian.start(child.publish(publish));
    current
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
