//! `ottla top`: what goes through a cluster now: records in and out of topics, lag of groups, the
//! busiest partitions.
//!
//! Rates are differences of offsets between two looks. On a terminal it goes on until `q` or
//! Ctrl-C; with `--once` or `--output json` it prints text for scripts.

mod draw;
mod rates;
mod sample;
mod terminal;

use std::future::{Future, poll_fn};
use std::io::IsTerminal;
use std::process::ExitCode;
use std::task::Poll;
use std::time::Duration;

use ottla_actors::client::{Admin, ClientConfig, ClientError};

use self::rates::View;
use self::sample::Sample;
use super::Failure;
use super::config::print;
use super::kit::{block_on, contexts, interrupted};

/// How often the keyboard is looked at.
const KEYS: Duration = Duration::from_millis(50);

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Arguments {
    /// Where to begin: one or more addresses of brokers; else those of the context in use, or
    /// localhost:9092
    #[arg(long, value_name = "HOST:PORT", alias = "broker-list")]
    bootstrap_server: Option<String>,
    /// The cluster to look at, as `ottla context list` names it
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    interval: f64,
    /// Prints one result and ends
    #[arg(long)]
    once: bool,
    /// Rows of each table
    #[arg(long, value_name = "N", default_value_t = 10)]
    rows: usize,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    /// For people
    Table,
    /// A JSON object on a line of its own for each look
    Json,
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.05..=3_600.0).contains(&seconds) {
        Ok(seconds)
    } else {
        Err("use 0.05 to 3600 seconds".to_owned())
    }
}

/// Looks and shows until it is told to end.
pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let live = !arguments.once && arguments.output == Output::Table;
    if live && !std::io::stdout().is_terminal() {
        return Err(Failure::NoTerminal);
    }
    let mut config = client(arguments)?;
    let bootstrap = config.bootstrap.join(",");
    block_on(async {
        config.client_id = "ottla-top".to_owned();
        config.api_timeout = Duration::from_secs(10);
        let admin = Admin::start(config).map_err(Failure::Client)?;
        let first = sample::take(&admin).await.map_err(Failure::Client)?;
        if live {
            show(arguments, &bootstrap, &admin, first).await?;
        } else {
            write(arguments, &admin, first).await?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// What the command line says, or else the context that it names or the one in use.
fn client(arguments: &Arguments) -> Result<ClientConfig, Failure> {
    let given = arguments.bootstrap_server.as_deref();
    let context = match (given, &arguments.context) {
        (Some(_), None) => None,
        (_, named) => contexts::chosen(named.as_deref()).map_err(Failure::Context)?,
    };
    let address = given.or(context.as_ref().map(|context| &*context.bootstrap_server));
    let mut config = ClientConfig::new(address.unwrap_or("localhost:9092"));
    if let Some(context) = context {
        let properties = context.properties().and_then(|all| all.client(&mut config));
        properties.map_err(|stop| {
            Failure::Context(stop.message().unwrap_or("its file cannot be used").to_owned())
        })?;
    }
    Ok(config)
}

fn interval(arguments: &Arguments) -> Duration {
    Duration::from_secs_f64(arguments.interval)
}

/// Prints each result.
async fn write(arguments: &Arguments, admin: &Admin, mut before: Sample) -> Result<(), Failure> {
    let stopped = interrupted();
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            () = tokio::time::sleep(interval(arguments)) => {}
            () = &mut stopped => return Ok(()),
        }
        let now = sample::take(admin).await.map_err(Failure::Client)?;
        let view = View::between(&before, &now);
        match arguments.output {
            Output::Table => print(&view.text(arguments.rows))?,
            Output::Json => print(&format!("{}\n", view.json(arguments.rows)))?,
        }
        if arguments.once {
            return Ok(());
        }
        before = now;
    }
}

/// Draws each result until a key or a signal ends it. The terminal is given back in every case.
async fn show(
    arguments: &Arguments,
    bootstrap: &str,
    admin: &Admin,
    mut before: Sample,
) -> Result<(), Failure> {
    let stopped = interrupted();
    tokio::pin!(stopped);
    // listens from here on: a signal that comes later finds the screen given back
    if poll_fn(|context| Poll::Ready(stopped.as_mut().poll(context).is_ready())).await {
        return Ok(());
    }
    let mut screen = terminal::Screen::enter().map_err(Failure::Terminal)?;
    let mut view = View::between(&before, &before);
    let mut trouble: Option<ClientError> = None;
    let mut paused = false;
    let mut keys = tokio::time::interval(KEYS);
    loop {
        let title = draw::Title {
            bootstrap,
            interval: arguments.interval,
            paused,
            trouble: trouble.as_ref(),
        };
        screen.draw(|frame| draw::draw(frame, &title, &view)).map_err(Failure::Terminal)?;
        let next = async {
            tokio::time::sleep(interval(arguments)).await;
            sample::take(admin).await
        };
        tokio::pin!(next);
        let found = loop {
            tokio::select! {
                found = &mut next => break found,
                () = &mut stopped => return Ok(()),
                _ = keys.tick() => match terminal::pressed().map_err(Failure::Terminal)? {
                    Some(terminal::Key::Quit) => return Ok(()),
                    Some(terminal::Key::Pause) => paused = !paused,
                    Some(key @ (terminal::Key::Resized | terminal::Key::Stop)) => {
                        if key == terminal::Key::Stop {
                            screen.stop().map_err(Failure::Terminal)?;
                        }
                        screen.draw(|frame| draw::draw(frame, &title, &view))
                            .map_err(Failure::Terminal)?;
                    }
                    None => {}
                },
            }
        };
        match found {
            Ok(now) => {
                if !paused {
                    view = View::between(&before, &now);
                }
                before = now;
                trouble = None;
            }
            // brokers come back: what was seen last stays on the screen
            Err(error) => trouble = Some(error),
        }
    }
}
