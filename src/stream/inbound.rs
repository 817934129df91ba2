//! The side of a WebSocket that tungstenite reads, made for connections that are idle most of the time:
//! what is read of the socket has a buffer only until it is taken.

use std::io;
use std::mem::{self, MaybeUninit};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::tcp::OwnedReadHalf;

/// Read of a socket in one system call.
const READ_BYTES: usize = 4 * 1024;

/// The reading half, and a place for what tungstenite would write.
pub(super) struct Inbound {
    read: OwnedReadHalf,
    /// Read, and not yet taken by tungstenite, whose own buffer is small.
    ahead: Bytes,
    /// Whole frames, since it is always taken whole.
    replies: BytesMut,
}

impl Inbound {
    /// `ahead` came before what is still in the socket.
    pub fn new(read: OwnedReadHalf, ahead: Bytes) -> Self {
        Self {
            read,
            ahead: given_back_if_empty(ahead),
            replies: BytesMut::new(),
        }
    }

    pub fn take_replies(&mut self) -> Bytes {
        self.replies.split().freeze()
    }
}

/// Empty bytes still hold the whole buffer that they were a part of.
fn given_back_if_empty(bytes: Bytes) -> Bytes {
    if bytes.is_empty() {
        Bytes::new()
    } else {
        bytes
    }
}

impl AsyncRead for Inbound {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            let mut space = [MaybeUninit::uninit(); READ_BYTES];
            let mut read = ReadBuf::uninit(&mut space);
            ready!(Pin::new(&mut self.read).poll_read(context, &mut read))?;
            let read = read.filled();
            let (now, later) = read.split_at(read.len().min(buffer.remaining()));
            buffer.put_slice(now);
            self.ahead = Bytes::copy_from_slice(later);
        } else {
            let count = self.ahead.len().min(buffer.remaining());
            buffer.put_slice(&self.ahead.split_to(count));
            self.ahead = given_back_if_empty(mem::take(&mut self.ahead));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Inbound {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.replies.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[tokio::test]
    async fn what_came_early_and_what_comes_after_is_read_in_order_by_pieces_of_any_size() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let sent: Vec<u8> = (0..3 * READ_BYTES as u32)
            .flat_map(u32::to_be_bytes)
            .collect();
        let (early, late) = sent.split_at(1_000);
        client.write_all(late).await.unwrap();
        client.shutdown().await.unwrap();

        let mut inbound = Inbound::new(server.into_split().0, Bytes::copy_from_slice(early));
        let mut read = Vec::new();
        for size in [1, 14, 256, READ_BYTES, 2 * READ_BYTES].into_iter().cycle() {
            let mut piece = vec![0; size];
            match inbound.read(&mut piece).await.unwrap() {
                0 => break,
                count => read.extend_from_slice(&piece[..count]),
            }
        }
        assert!(read == sent);
    }
}
