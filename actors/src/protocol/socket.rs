//! The reading side of a socket that others write to.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, Interest, ReadBuf};
use tokio::net::TcpStream;

/// Reads from a shared socket.
pub(super) struct ReadEnd<'a>(pub(super) &'a TcpStream);

impl AsyncRead for ReadEnd<'_> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self(stream) = &*self;
        loop {
            ready!(stream.poll_read_ready(cx))?;
            let room = buf.remaining();
            match stream.try_read_buf(buf) {
                Ok(read) => {
                    if 0 < read && read < room {
                        // that was all there is: the next poll waits for the socket instead of
                        // asking it once more. What comes later makes it ready again
                        let empty = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
                        _ = stream.try_io(Interest::READABLE, empty);
                    }
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}
