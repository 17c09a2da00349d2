//! The native client's actors. Empty until the client is built.
