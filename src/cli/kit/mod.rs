//! What every command of Kafka's name shares.
//!
//! A command is a [`Tool`]: a name, a [`Spec`] that repeats Kafka's option declarations, and a
//! function. It lives in `src/cli/NAME.rs` (or a folder) and stands as one line in
//! `src/cli/tools.rs`; `ottla NAME …` and a link called `kafka-NAME` or `kafka-NAME.sh` run it.
//! Commands that are only Ottla's (`doctor`, `top`, …) are plain clap commands in `src/cli/mod.rs`.
//!
//! ```ignore
//! //! `kafka-log-dirs`: …
//! use super::kit::{Given, Kind, Out, Spec, Stop, Tool, block_on};
//!
//! pub(super) const TOOL: Tool =
//!     Tool { name: "log-dirs", about: "Says how much …", spec, run };
//!
//! fn spec() -> Spec {
//!     Spec::joptsimple("This tool helps to query log directory usage on the specified brokers.")
//!         .bootstrap("REQUIRED: the server(s) to use for bootstrapping").required()
//!         .value("command-config", Kind::File, "Admin client property file", "…")
//!         .flag("describe", "Describe the specified log directories …")
//!         .value("topic-list", Kind::Text, "Topic list", "…")
//! }
//!
//! fn run(given: &Given, out: &mut Out) -> Result<(), Stop> {
//!     given.require(&["bootstrap-server", "describe"])?;         // message, usage, exit 1
//!     let topics = given.value("topic-list")?;                   // Option<&str>; twice: error
//!     block_on(async {
//!         let admin = given.admin("command-config")?;            // file, --bootstrap-server
//!         let all = admin.list_topics().await?;                  // ClientError becomes a Stop
//!         out.line(format!("{}", all.len()))?;                   // a closed pipe ends the command
//!         Ok(())
//!     })
//! }
//! ```
//!
//! - **Options** ([`Spec`], [`Given`]): [`Spec::joptsimple`] and [`Spec::argparse4j`] behave and
//!   complain as the parsers of Kafka's tools do, `--help` and `--version` included; `run` is
//!   called when the line was understood. Order of checks is the command's own:
//!   [`Given::require`], [`Given::exclude`] and [`Given::usage`] are joptsimple's
//!   `checkRequiredArgs`, `checkInvalidArgs` and `printUsageAndExit`. Subcommands of argparse4j:
//!   [`Given::command`]. Options that Kafka lacks are marked [`Spec::ours`].
//! - **Addresses**: `--bootstrap-server a:1,b:2` (the first may be dead); `--broker-list` is
//!   understood as its old name wherever the spec does not use that word; `--zookeeper` is answered
//!   before `run` is called.
//!   `--context NAME`, or the context in use, gives what is left open, before `run` is called.
//! - **Settings** ([`Properties`]): [`Given::client`] and [`Given::admin`] read the property file
//!   that an option names. For producers: `let mut p = given.properties("command-config")?;
//!   p.pairs(given.values("command-property"));` then `ProducerConfig { client:
//!   given.client_with(&p)?, .. }`, [`Properties::producer`], and [`Properties::warn_of_unused`]
//!   when everything has been asked for.
//! - **Running** ([`block_on`], [`interrupted`]): one actix system on this thread. Ctrl-C ends the
//!   process unless the command waits for `interrupted()`.
//! - **Output** ([`Out`], [`left`], [`widest`], [`Output`]): buffered and flushed at the end; flush
//!   it yourself where somebody waits for a line. Standard error: `eprintln!`.
//! - **Errors** ([`Stop`], [`wording`]): [`Stop::error`] is one message on standard error and exit
//!   code 1, never a stack trace. Where Kafka's tool prints its error elsewhere, take
//!   [`Stop::message`] and return [`Stop::Exit`]. [`wording`] has the messages of Kafka's
//!   exceptions, [`exception`] their names. [`java`] has what the order of a Java hash map asks
//!   for, [`times`] reads dates and durations.

mod argparse;
mod clap;
pub(crate) mod contexts;
pub(crate) mod exception;
mod formats;
mod given;
pub(crate) mod java;
mod joptsimple;
mod out;
mod progress;
mod properties;
mod runtime;
mod spec;
mod stop;
pub(crate) mod times;
mod tool;
mod usage;
pub(crate) mod wording;
mod zookeeper;

pub(crate) use formats::Output;
pub(crate) use given::Given;
pub(crate) use out::{Out, left, say, widest};
pub(crate) use progress::{Progress, length_of_input};
pub(crate) use properties::Properties;
pub(crate) use runtime::{block_on, interrupted, signalled, warn_of_dead};
pub(crate) use spec::{Kind, Spec};
pub(crate) use stop::Stop;
pub(crate) use tool::Tool;

#[cfg(test)]
mod tests;
