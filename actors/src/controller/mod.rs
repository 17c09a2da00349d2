//! The controller actor: one metadata log, one image.
