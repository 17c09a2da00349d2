//! Record batches (message format 2): views, checks, stamping, compression.
