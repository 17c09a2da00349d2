//! Why a broker does not start.

use std::fmt;
use std::io;

use ottla_config::SettingError;
use ottla_core::storage::StorageError;

use crate::controller::ControllerError;

/// Why a broker does not start, and what to do about it.
#[derive(Debug)]
pub enum StartError {
    /// A setting that an embedding program gave cannot be used.
    Setting(SettingError),
    /// No temporary directory could be made.
    TemporaryDirectory(io::Error),
    /// The threads of the cores could not be made.
    Cores(io::Error),
    /// A broker on the arbiter of its caller has one core, not as many as `ottla.cores` says.
    OneCore {
        /// What it says.
        asked: i32,
    },
    /// A log directory cannot be used.
    LogDir(StorageError),
    /// The controller did not start.
    Controller(ControllerError),
    /// A part of the start died.
    Interrupted,
    /// A listener's host has no address.
    UnknownHost {
        /// The listener, as in `listeners`.
        listener: String,
        /// What the resolver says.
        source: io::Error,
    },
    /// A listener could not be bound.
    Listen {
        /// The listener, as in `listeners`.
        listener: String,
        /// What the system says.
        source: io::Error,
    },
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(source) => source.fmt(f),
            Self::TemporaryDirectory(source) => {
                write!(f, "cannot make a temporary directory: {source}")
            }
            Self::Cores(source) => write!(f, "cannot start the threads of the cores: {source}"),
            Self::OneCore { asked } => {
                write!(
                    f,
                    "ottla.cores is {asked}, but on its caller's arbiter an engine has one \
                           core; leave the setting out, or let the engine have threads of its own"
                )
            }
            Self::LogDir(source) => source.fmt(f),
            Self::Controller(source) => {
                write!(f, "cannot start the controller: {source}; a log line above says why")
            }
            Self::Interrupted => f.write_str("a part of the start died; its log line says why"),
            Self::UnknownHost { listener, source } => {
                write!(f, "cannot listen on {listener}: its host has no address ({source})")
            }
            Self::Listen { listener, source } => {
                write!(f, "cannot listen on {listener}: {}", advice(source))
            }
        }
    }
}

fn advice(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "the port is in use; stop the process that has it, or choose \
                                     another with --override listeners=PLAINTEXT://:PORT"
            .to_owned(),
        io::ErrorKind::AddrNotAvailable => {
            "the address is not one of this machine's; to listen on every interface leave the host \
             empty"
                .to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "not permitted; ports below 1024 need a privilege, choose a higher one".to_owned()
        }
        _ => error.to_string(),
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Setting(source) => Some(source),
            Self::LogDir(source) => Some(source),
            Self::Controller(source) => Some(source),
            Self::Interrupted | Self::OneCore { .. } => None,
            Self::Cores(source)
            | Self::TemporaryDirectory(source)
            | Self::UnknownHost { source, .. }
            | Self::Listen { source, .. } => Some(source),
        }
    }
}
