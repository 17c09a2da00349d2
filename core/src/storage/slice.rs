//! A range of a segment file, for the network.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use bytes::Bytes;

use super::DiskFile;
use crate::base::Offset;

/// Whole batches in a segment file: what a fetch answers with, sent from the file or, if they had
/// to be read from the disk, from where they are held.
///
/// Holds the file open, so that retention or a deleted topic cannot pull it away.
#[derive(Clone, Debug)]
pub struct LogSlice {
    /// The segment's file.
    pub file: Arc<dyn DiskFile>,
    /// Where the first batch starts.
    pub position: u64,
    /// Bytes of whole batches; 0 if there is nothing to read.
    pub length: u32,
    /// Base offset of the segment the slice lies in.
    pub segment_base_offset: Offset,
}

impl LogSlice {
    /// Whether there is nothing to read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The file's descriptor for `sendfile`, if it is one of the operating system's.
    #[must_use]
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.file.fd()
    }

    /// The bytes, if they are in this process's memory.
    #[must_use]
    pub fn held(&self) -> Option<Bytes> {
        self.file.held(self.position, usize::try_from(self.length).ok()?)
    }

    /// Copies the bytes out, where they cannot be sent from the file (TLS, tests).
    pub fn read_to_vec(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(self.length).unwrap_or(0)];
        self.read_into(&mut bytes)?;
        Ok(bytes)
    }

    /// Copies the bytes into `place`, which is as long as the slice.
    pub fn read_into(&self, place: &mut [u8]) -> io::Result<()> {
        if self.file.read_at(place, self.position)? < place.len() {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        Ok(())
    }
}
