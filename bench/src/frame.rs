//! WebSocket frames (RFC 6455), as much of them as a generator needs.

pub const TEXT: u8 = 0x1;
pub const CLOSE: u8 = 0x8;
pub const PING: u8 = 0x9;
pub const PONG: u8 = 0xA;

const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;
/// Lengths up to here stand in the header's second byte.
const SHORT_BYTES_MAX: usize = 125;

#[derive(Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    pub opcode: u8,
    pub payload: &'a [u8],
    /// Header and payload together.
    pub bytes: usize,
}

/// The first frame of what a server sent; none while it is not all there.
pub fn first(bytes: &[u8]) -> Option<Frame<'_>> {
    let [head, length, rest @ ..] = bytes else {
        return None;
    };
    let (header_bytes, payload_bytes) = match length & !MASKED {
        126 => (4, usize::from(u16::from_be_bytes(*rest.first_chunk()?))),
        127 => (
            10,
            usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).unwrap_or(usize::MAX),
        ),
        short => (2, usize::from(short)),
    };
    let end = payload_bytes.checked_add(header_bytes)?;
    Some(Frame {
        opcode: head & 0x0F,
        payload: bytes.get(header_bytes..end)?,
        bytes: end,
    })
}

/// Appends a client's frame. Clients must mask; a mask of zeros is one, and costs nothing.
pub fn append(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    out.push(FINAL | opcode);
    match payload.len() {
        length @ 0..=SHORT_BYTES_MAX => out.push(MASKED | length as u8),
        length @ ..=0xFFFF => {
            out.push(MASKED | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            out.push(MASKED | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_server(payload: &[u8]) -> Vec<u8> {
        let mut masked = Vec::new();
        append(&mut masked, TEXT, payload);
        let header_bytes = masked.len() - payload.len() - 4;
        masked[1] &= !MASKED;
        masked.drain(header_bytes..header_bytes + 4);
        masked
    }

    #[test]
    fn a_frame_is_found_only_when_all_of_it_is_there() {
        for length in [0, 1, 125, 126, 300, 0xFFFF, 0x1_0000] {
            let payload = vec![b'x'; length];
            let mut bytes = as_server(&payload);
            for end in (0..bytes.len()).step_by(1 + length / 500) {
                assert_eq!(first(&bytes[..end]), None, "{end} of {} bytes", bytes.len());
            }
            let frame_bytes = bytes.len();
            bytes.extend_from_slice(&as_server(b"next"));
            let frame = first(&bytes).unwrap();
            assert_eq!(frame.payload, payload);
            assert_eq!(frame.bytes, frame_bytes);
            assert_eq!(first(&bytes[frame.bytes..]).unwrap().payload, b"next");
        }
    }
}
