//! GIF: blocks, each of up to 255 bytes at a time.

use std::num::NonZeroU64;

use gif::{ColorOutput, DecodeOptions, MemoryLimit};

use super::thumbnail::{Layout, Shrinker};
use super::{IMAGE_PIXELS_MAX, Walked};

const EXTENSION: u8 = 0x21;
const PICTURE: u8 = 0x2c;
const TRAILER: u8 = 0x3b;
/// How long a frame is shown, and what of it is transparent.
const GRAPHIC_CONTROL: u8 = 0xf9;
const APPLICATION: u8 = 0xff;
/// Of applications' blocks, the ones that say how often the animation runs.
const LOOPS: [&[u8]; 2] = [b"\x0bNETSCAPE2.0", b"\x0bANIMEXTS1.0"];
/// One colour is one number in a frame as it is unpacked.
const FRAME_BYTES_MAX: u64 = IMAGE_PIXELS_MAX + 1024 * 1024;

/// Keeps pictures, their timing and how often they run. Comments, text, and whatever applications wrote are left out,
/// and what follows the end.
pub fn walk(bytes: &[u8]) -> Option<Walked> {
    let mut cleaned = Vec::with_capacity(bytes.len());
    let (&[width_1, width_2, height_1, height_2, flags], _) =
        bytes.get(6..)?.split_first_chunk()?;
    let mut at = 13 + colors_length(flags);
    cleaned.extend(bytes.get(..at)?);
    let mut frames = 0_u32;
    loop {
        let start = at;
        match *bytes.get(at)? {
            TRAILER => break,
            EXTENSION => {
                let label = *bytes.get(at + 1)?;
                at = end_of_pieces(bytes, at + 2)?;
                let is_loop = label == APPLICATION
                    && LOOPS
                        .iter()
                        .any(|name| bytes[start + 2..].starts_with(name));
                if label == GRAPHIC_CONTROL || is_loop {
                    cleaned.extend(&bytes[start..at]);
                }
            }
            PICTURE => {
                let flags = *bytes.get(at + 9)?;
                // After its own colours one byte says how the picture is packed.
                at = end_of_pieces(bytes, at + 10 + colors_length(flags) + 1)?;
                cleaned.extend(&bytes[start..at]);
                frames += 1;
            }
            _ => return None,
        }
    }
    cleaned.push(TRAILER);
    (frames > 0).then(|| Walked {
        cleaned,
        width: u32::from(u16::from_le_bytes([width_1, width_2])),
        height: u32::from(u16::from_le_bytes([height_1, height_2])),
        orientation: 1,
        is_single_scan: true,
        is_animated: frames > 1,
        profile: None,
    })
}

/// Of a list of colours, if there is one.
fn colors_length(flags: u8) -> usize {
    if flags & 0x80 == 0 {
        0
    } else {
        3 << ((flags & 7) + 1)
    }
}

/// Pieces begin with their length; one of length 0 is the last.
fn end_of_pieces(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
    }
}

/// The first frame, on its place of an otherwise transparent canvas.
pub fn decode(bytes: &[u8], shrinker: &mut Shrinker) -> Option<()> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options.set_memory_limit(MemoryLimit::Bytes(NonZeroU64::new(FRAME_BYTES_MAX)?));
    let mut decoder = options.read_info(bytes).ok()?;
    let (width, height) = (usize::from(decoder.width()), usize::from(decoder.height()));
    let colors = decoder.global_palette().map(<[u8]>::to_vec);
    let frame = decoder.read_next_frame().ok()??;
    let colors = frame.palette.as_ref().or(colors.as_ref())?;
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let frame_width = usize::from(frame.width).max(1);
    let shown_width = frame_width.min(width.saturating_sub(left));
    let mut rows = frame.buffer.chunks_exact(frame_width);
    let mut row = vec![0; width * 4];
    for y in 0..height {
        row.fill(0);
        let pixels = if y < top { None } else { rows.next() };
        for (pixel, index) in row
            .chunks_exact_mut(4)
            .skip(left)
            .zip(pixels.unwrap_or_default())
            .take(shown_width)
        {
            let start = usize::from(*index) * 3;
            if frame.transparent != Some(*index)
                && let Some(color) = colors.get(start..start + 3)
            {
                pixel[..3].copy_from_slice(color);
                pixel[3] = u8::MAX;
            }
        }
        shrinker.take_row(&row, Layout::Rgba)?;
    }
    Some(())
}
