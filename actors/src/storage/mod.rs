//! The storage actor: owns the logs of one directory on one core.
