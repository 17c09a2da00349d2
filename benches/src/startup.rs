//! A broker's start: from the start of its process to the first replies.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::clock::{SECOND, now, seconds};
use crate::error::BenchError;
use crate::greet::{Greeter, Protocol};
use crate::options::Common;
use crate::report::Report;
use crate::stop::Stop;
use crate::usage::{Cpu, Memory};

/// Measures a start: starts the command and asks it until it answers, then stops it.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct StartupOptions {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it")]
    pub common: Common,
    /// Leaves the broker running; its process id is in the result
    #[arg(long)]
    pub keep_running: bool,
    /// Seconds that the start may take
    #[arg(long, value_name = "S", default_value_t = 60.0)]
    pub timeout: f64,
    /// The broker's command, behind `--`; it must stay in the foreground
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// A broker that was started; dropping it kills it.
pub(crate) struct Started {
    child: Option<Child>,
    /// The start, as figures.
    pub(crate) report: Report,
}

/// How long a broker may take to end when it is asked to.
const END: u64 = 30 * SECOND;

impl Started {
    /// Starts a broker and waits until it answers at `address`.
    pub(crate) async fn start(
        command: Command,
        (protocol, address): (Protocol, &str),
        timeout: f64,
        stop: &Stop,
    ) -> Result<Self, BenchError> {
        if tokio::net::TcpStream::connect(address).await.is_ok() {
            let what = format!("{address} is taken: a broker answers there before the start");
            return Err(BenchError::Options { what });
        }
        let program = command.get_program().to_string_lossy().into_owned();
        let mut command = command;
        // signals of the terminal are for this process, which ends the broker itself
        command.stdin(Stdio::null()).process_group(0);
        let begun = now();
        let child = command.spawn().map_err(BenchError::system(format!("cannot run {program}")))?;
        let mut started = Self { child: Some(child), report: Report::new("startup") };
        started.wait((protocol, address), begun, timeout, stop).await?;
        Ok(started)
    }

    async fn wait(
        &mut self,
        (protocol, address): (Protocol, &str),
        begun: u64,
        timeout: f64,
        stop: &Stop,
    ) -> Result<(), BenchError> {
        let mut answered = false;
        loop {
            if let Some(status) = self.ended() {
                let what = format!("the broker ended before it served: {status}");
                return Err(BenchError::Options { what });
            }
            if seconds(now() - begun) > timeout {
                return Err(BenchError::Late { what: "the start of the broker".into() });
            }
            if stop.asked() {
                return Err(BenchError::Interrupted);
            }
            if let Ok(mut client) = Greeter::connect(protocol, address).await {
                if !answered {
                    self.report.number("api_versions_s", seconds(now() - begun));
                    answered = true;
                }
                if client.serves().await {
                    self.report.number("metadata_s", seconds(now() - begun));
                    break;
                }
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        if let Some(pid) = self.pid() {
            self.report.set("pid", pid);
            if let Some(cpu) = Cpu::of(pid) {
                self.report.number("cpu_s", cpu.total());
            }
            if let Some(memory) = Memory::of(pid) {
                self.report.set("broker", memory.to_json());
            }
        }
        Ok(())
    }

    /// The process id.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    fn ended(&mut self) -> Option<std::process::ExitStatus> {
        self.child.as_mut()?.try_wait().ok().flatten()
    }

    /// Lets it go on by itself.
    fn leave(&mut self) {
        self.child = None;
    }

    /// Asks it to end and waits; returns how long it took. It is killed if that is too long.
    pub(crate) async fn stop(&mut self) -> f64 {
        let begun = now();
        let id = self.pid().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        if let Some(id) = id
            && self.ended().is_none()
        {
            // it may end at this very moment
            _ = kill_process(id, Signal::TERM);
        }
        while self.child.is_some() && self.ended().is_none() && now() - begun < END {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        self.kill();
        seconds(now() - begun)
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // nothing to do about a process that cannot be killed
            _ = child.kill();
            _ = child.wait();
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Starts a broker, and stops it.
pub(crate) async fn run(
    options: &StartupOptions,
    protocol: Protocol,
    stop: &Stop,
) -> Result<Report, BenchError> {
    let Some((program, arguments)) = options.command.split_first() else {
        return Err(BenchError::options("give the broker's command behind --"));
    };
    let mut command = Command::new(program);
    command.args(arguments);
    if options.common.json {
        // standard output is for the result
        command.stdout(Stdio::null());
    }
    let at = (protocol, options.common.bootstrap_server.as_str());
    let mut started = Started::start(command, at, options.timeout, stop).await?;
    if options.keep_running {
        started.leave();
    } else {
        let seconds = started.stop().await;
        started.report.number("stop_s", seconds);
    }
    Ok(started.report.clone())
}
