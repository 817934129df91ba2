//! WebP: chunks in a RIFF file, each with its name and length, filled up to an even number of bytes.

use std::io::Cursor;

use image_webp::WebPDecoder;

use super::thumbnail::{Layout, PROFILE_BYTES_MAX, Shrinker};
use super::{IMAGE_PIXELS_MAX, Walked};

/// The header of an extended file says what is in it.
mod flag {
    pub const ANIMATION: u8 = 0x02;
    pub const XMP: u8 = 0x04;
    pub const EXIF: u8 = 0x08;
}
/// The picture in four numbers a pixel, and as much again while it is put together.
const DECODE_BYTES_MAX: usize = IMAGE_PIXELS_MAX as usize * 8;

/// Keeps pictures, their transparency, the animation and the colour profile. Browsers show a WebP as it is stored,
/// whatever its EXIF says, so the orientation goes with the rest of that.
pub fn walk(bytes: &[u8]) -> Option<Walked> {
    let length = u32::from_le_bytes(*bytes.get(4..)?.first_chunk()?);
    let end = usize::try_from(length).ok()?.checked_add(8)?;
    let mut rest = bytes.get(12..end)?;
    let mut kept = Vec::with_capacity(bytes.len());
    let mut profile = None;
    let mut frames = 0_u32;
    let mut is_first = true;
    let mut is_extended = false;
    let mut has_picture = false;
    while !rest.is_empty() {
        let name: &[u8; 4] = rest.first_chunk()?;
        let length = u32::from_le_bytes(*rest.get(4..)?.first_chunk()?);
        let length = usize::try_from(length).ok()?;
        let content = rest.get(8..length.checked_add(8)?)?;
        // The last one's filling is often forgotten.
        let next = (8 + length + length % 2).min(rest.len());
        match name {
            b"VP8X" if is_first && content.len() >= 10 => is_extended = true,
            b"VP8X" => return None,
            b"VP8 " | b"VP8L" => has_picture = true,
            b"ANMF" if is_extended => {
                has_picture = true;
                frames += 1;
            }
            b"ICCP" if is_extended => {
                profile = Some(content).filter(|content| content.len() <= PROFILE_BYTES_MAX);
            }
            b"ALPH" | b"ANIM" if is_extended => {}
            _ => {}
        }
        let is_kept = match name {
            b"VP8X" | b"VP8 " | b"VP8L" => true,
            b"ANMF" | b"ICCP" | b"ALPH" | b"ANIM" => is_extended,
            _ => false,
        };
        if is_kept {
            put_chunk(&mut kept, name, content);
        }
        rest = &rest[next..];
        is_first = false;
        // A file that is not extended is its picture and nothing else.
        if has_picture && !is_extended {
            break;
        }
    }
    if !has_picture {
        return None;
    }
    if is_extended {
        let flags = kept.get_mut(8)?;
        *flags &= !(flag::XMP | flag::EXIF);
    }
    let mut cleaned = Vec::with_capacity(kept.len() + 12);
    cleaned.extend(b"RIFF");
    cleaned.extend(u32::try_from(kept.len() + 4).ok()?.to_le_bytes());
    cleaned.extend(b"WEBP");
    cleaned.extend(&kept);
    let (width, height) = WebPDecoder::new(Cursor::new(&cleaned)).ok()?.dimensions();
    let is_animated = is_extended && kept.get(8)? & flag::ANIMATION != 0 && frames > 1;
    Some(Walked {
        cleaned,
        width,
        height,
        orientation: 1,
        is_single_scan: true,
        is_animated,
        profile: profile.map(<[u8]>::to_vec),
    })
}

fn put_chunk(into: &mut Vec<u8>, name: &[u8; 4], content: &[u8]) {
    into.extend(name);
    into.extend(
        u32::try_from(content.len())
            .unwrap_or(u32::MAX)
            .to_le_bytes(),
    );
    into.extend(content);
    if content.len() % 2 == 1 {
        into.push(0);
    }
}

pub fn decode(bytes: &[u8], shrinker: &mut Shrinker) -> Option<()> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).ok()?;
    decoder.set_memory_limit(DECODE_BYTES_MAX);
    let mut pixels = vec![0; decoder.output_buffer_size()?];
    decoder.read_image(&mut pixels).ok()?;
    let layout = if decoder.has_alpha() {
        Layout::Rgba
    } else {
        Layout::Rgb
    };
    let (width, _) = decoder.dimensions();
    for row in pixels.chunks_exact(usize::try_from(width).ok()? * layout.pixel_bytes()) {
        shrinker.take_row(row, layout)?;
    }
    Some(())
}
