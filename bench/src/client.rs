//! One WebSocket client: a socket that never blocks, and what is left of the last read and write.

use std::io::{self, Read, Write};

use mio::net::TcpStream;

use crate::dialect::Seat;
use crate::frame;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Connecting,
    /// The upgrade was asked for.
    Upgrading,
    /// The WebSocket stands, the chat has not said that we are in.
    Opening,
    Open,
}

pub struct Client {
    pub seat: Seat,
    pub stage: Stage,
    pub in_flight: u32,
    pub socket: TcpStream,
    /// The beginning of a frame whose end is still to come.
    leftover: Vec<u8>,
    /// What the socket did not take yet.
    outbox: Vec<u8>,
}

impl Client {
    pub fn connect(seat: Seat) -> io::Result<Self> {
        let socket = TcpStream::connect(seat.address)?;
        socket.set_nodelay(true)?;
        Ok(Self {
            seat,
            stage: Stage::Connecting,
            in_flight: 0,
            socket,
            leftover: Vec::new(),
            outbox: Vec::new(),
        })
    }

    pub fn queue(&mut self, bytes: &[u8]) {
        self.outbox.extend_from_slice(bytes);
    }

    pub fn queue_frame(&mut self, opcode: u8, payload: &[u8]) {
        frame::append(&mut self.outbox, opcode, payload);
    }

    /// Writes what the socket takes; the rest goes when it says that it takes more.
    pub fn flush(&mut self) -> io::Result<()> {
        while !self.outbox.is_empty() {
            match self.socket.write(&self.outbox) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.outbox.drain(..written);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads once into `buffer`, behind what was left over, and says how much of it is filled.
    /// None: there is nothing to read now. The buffer grows when a frame is larger than it.
    pub fn read(&mut self, buffer: &mut Vec<u8>) -> io::Result<Option<ReadBytes>> {
        let start = self.leftover.len();
        if buffer.len() < start * 2 {
            buffer.resize(start * 2, 0);
        }
        loop {
            match self.socket.read(&mut buffer[start..]) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    buffer[..start].copy_from_slice(&self.leftover);
                    self.leftover.clear();
                    return Ok(Some(ReadBytes {
                        filled: start + count,
                        may_be_more: start + count == buffer.len(),
                    }));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub fn keep(&mut self, rest: &[u8]) {
        self.leftover.extend_from_slice(rest);
    }
}

pub struct ReadBytes {
    pub filled: usize,
    /// A read that does not fill the buffer has emptied the socket.
    pub may_be_more: bool,
}
