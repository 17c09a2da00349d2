//! LZ4 frames. Kafka's Java reader refuses linked blocks, so blocks of 64 KiB are independent, and
//! there is no content checksum.

use std::io::Write;

use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};

use super::{Compression, RecordError, read_bounded};

pub(super) fn decompress(input: &[u8], limit: usize) -> Result<Vec<u8>, RecordError> {
    read_bounded(FrameDecoder::new(input), limit, input.len(), Compression::Lz4)
}

pub(super) fn compress(input: &[u8]) -> Result<Vec<u8>, RecordError> {
    let info = FrameInfo::new()
        .block_size(BlockSize::Max64KB)
        .block_mode(BlockMode::Independent)
        .block_checksums(false)
        .content_checksum(false);
    let out = Vec::with_capacity(input.len() / 2 + 64);
    let mut encoder = FrameEncoder::with_frame_info(info, out);
    encoder.write_all(input).map_err(|_| RecordError::Codec(Compression::Lz4))?;
    encoder.finish().map_err(|_| RecordError::Codec(Compression::Lz4))
}
