//! How another program embeds the engine.
