//! Listener and connection actors: bytes in, bytes out.
