//! The bare server: what the kernel must do for a broker, and nothing beside it.
//!
//! One thread receives whole requests, checks the sum of each batch, appends it to the file of its
//! partition, and answers all requests of one receive with one send. The bench actors load it as
//! they load a broker, so its figures are the least that the machine asks for that load just then.

mod protocol;
mod server;
mod topics;

use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use tokio::task::JoinHandle;

use crate::compare::Scratch;
use crate::error::BenchError;
use crate::stop::Stop;
use server::Server;

/// Runs the bare server: a yardstick for brokers, not a broker.
///
/// One thread does what the kernel must do for a broker and nothing else: receive, check the sums,
/// append, answer. It knows the requests of `bench produce`, `conns` and `topics` alone, listens
/// on loopback, trusts its one client program, keeps nothing safe, cannot be read from, and removes
/// its data when it ends.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct BareOptions {
    /// Port on 127.0.0.1; 0: any that is free
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub port: u16,
    /// Writes the address to this file once it listens
    #[arg(long, value_name = "FILE")]
    pub port_file: Option<PathBuf>,
    /// Where to make a folder for its data, which is removed at the end [default: the system's
    /// temporary folder]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// Serves until SIGINT or SIGTERM; to be called inside a running actix system.
///
/// # Errors
/// It cannot listen, or the system failed it.
pub async fn bare(options: &BareOptions) -> Result<(), BenchError> {
    crate::raise_open_files();
    let stop = Stop::listen();
    let scratch = Scratch::new(options.dir.as_deref(), "bare")?;
    let Serving { address, bell, mut server } = Serving::start(options.port, &scratch.0)?;
    if let Some(path) = &options.port_file {
        write_whole(path, &address).map_err(BenchError::system(path.display().to_string()))?;
    }
    eprintln!("bare server, a yardstick and not a broker, on {address}; Ctrl-C ends it");
    let outcome = tokio::select! {
        outcome = &mut server => outcome,
        () = stop.wait() => {
            drop(bell);
            server.await
        }
    };
    let outcome = outcome.unwrap_or_else(|panic| Err(io::Error::other(panic)));
    outcome.map_err(BenchError::system("the bare server"))
}

/// Writes the file under another name first: whoever waits for it never reads half of it.
fn write_whole(path: &Path, address: &str) -> io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(format!(".{}", std::process::id()));
    std::fs::write(&unfinished, format!("{address}\n"))?;
    std::fs::rename(&unfinished, path)
}

/// A server on a thread of its own.
struct Serving {
    address: String,
    /// The server ends when this is dropped.
    bell: UnixStream,
    server: JoinHandle<io::Result<()>>,
}

impl Serving {
    fn start(port: u16, dir: &Path) -> Result<Self, BenchError> {
        let listen = || {
            let listener = TcpListener::bind(("127.0.0.1", port))?;
            let (bell, ear) = UnixStream::pair()?;
            Ok((listener.local_addr()?.to_string(), bell, Server::new(listener, ear, dir)?))
        };
        let what = format!("listening on 127.0.0.1:{port}");
        let (address, bell, server) = listen().map_err(BenchError::system(what))?;
        Ok(Self { address, bell, server: tokio::task::spawn_blocking(|| server.run()) })
    }
}

#[cfg(test)]
mod tests {
    use crate::Report;

    use super::*;

    fn under_load(test: &str, words: &str) -> Report {
        actix::System::new().block_on(async {
            let scratch = Scratch::new(None, test).unwrap();
            let Serving { address, bell, server } = Serving::start(0, &scratch.0).unwrap();
            let words = format!("{words} --bootstrap-server {address}");
            let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
            let bench = crate::compare::parse(&words).unwrap();
            let report = bench.run_until(&Stop::listen(), None).await.unwrap();
            let left = std::fs::read_dir(&scratch.0).unwrap().count();
            assert_eq!(left, 0, "topics of a run go with it");
            drop(bell);
            server.await.unwrap().unwrap();
            report
        })
    }

    #[test]
    fn it_keeps_what_producers_were_promised() {
        for more in ["", "--acks 0", "--record-size 1000 --batch-records 1000 --in-flight 2"] {
            let time = "--seconds 0.2 --warmup 0 --partitions 4 --prime --parts-per-request 3";
            let result = under_load("bare-produce", &format!("produce {time} {more}")).json();
            assert_eq!(result["stored_ok"], true, "{result}");
            assert_eq!(result["errors"], 0, "{result}");
            assert!(result["stored_msgs"].as_i64() > Some(0), "{result}");
        }
    }

    #[test]
    fn it_holds_connections_and_makes_topics() {
        let result =
            under_load("bare-conns", "conns --connections 50 --concurrency 5 --hold 0").json();
        assert_eq!(result["n"], 50, "{result}");
        let result = under_load("bare-topics", "topics --partitions 250").json();
        assert_eq!(result["stored_ok"], true, "{result}");
    }
}
