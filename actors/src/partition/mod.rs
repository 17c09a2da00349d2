//! The partition actor: leadership, high watermark, parked replies.
