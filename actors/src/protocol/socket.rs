//! The reading side of a socket that others write to; turns of the core between sockets.

use std::io;
use std::pin::{Pin, pin};
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

/// Wakes the task when the other sockets of this core have been looked at. A plain wake would bring
/// its turn before that, dozens of times.
pub(super) fn wake_behind_others(cx: &mut Context<'_>) {
    let mut turn = pin!(tokio::task::yield_now());
    if turn.as_mut().poll(cx).is_ready() {
        cx.waker().wake_by_ref();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::poll_fn;
    use std::io::Write;
    use std::rc::Rc;

    use tokio::io::AsyncReadExt;

    use super::*;

    #[test]
    fn others_are_looked_at_between_the_turns_of_one() {
        actix::System::new().block_on(async {
            let (client, server) = std::os::unix::net::UnixStream::pair().unwrap();
            server.set_nonblocking(true).unwrap();
            let mut server = tokio::net::UnixStream::from_std(server).unwrap();
            let (turns, served) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(false)));
            let (counted, done) = (Rc::clone(&turns), Rc::clone(&served));
            let busy = actix_rt::spawn(poll_fn(move |cx| {
                counted.set(counted.get() + 1);
                if counted.get() == 100 {
                    (&client).write_all(b"x").unwrap();
                }
                wake_behind_others(cx);
                if done.get() { Poll::Ready(()) } else { Poll::Pending }
            }));
            server.read_u8().await.unwrap();
            served.set(true);
            assert!((100..110).contains(&turns.get()), "{} turns", turns.get());
            busy.await.unwrap();
        });
    }
}
