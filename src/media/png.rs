//! PNG: chunks, each with its length, name and checksum.

use std::io::{Cursor, Read};

use flate2::Crc;
use flate2::read::ZlibDecoder;
use png::{ColorType, Decoder, Limits, Transformations};

use super::thumbnail::{Layout, PROFILE_BYTES_MAX, Shrinker};
use super::{Walked, exif};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// What is needed to decode, how its colours and its size are meant, and its animation.
const KEPT: [&[u8; 4]; 17] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB",
    b"bKGD", b"pHYs", b"cICP", b"mDCV", b"cLLI", b"acTL", b"fcTL",
];
/// One more, for which there has to be an animation.
const FRAME_DATA: &[u8; 4] = b"fdAT";
/// A colour profile that unpacks to more than this is none; large ones, for printing, are of 2 MB.
const PROFILE_UNPACKED_MAX: u64 = 4 * 1024 * 1024;
/// Beside the picture's rows: one row, and what is unpacked of it.
const DECODE_BYTES_MAX: usize = 8 * 1024 * 1024;

pub fn walk(bytes: &[u8]) -> Option<Walked> {
    let mut kept = Vec::with_capacity(bytes.len());
    let mut size = None;
    let mut orientation = 1;
    let mut is_animated = false;
    let mut has_picture = false;
    let mut profile = None;
    let mut at = SIGNATURE.len();
    loop {
        let length = u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?);
        let end = at
            .checked_add(12)?
            .checked_add(usize::try_from(length).ok()?)?;
        let chunk = bytes.get(at..end)?;
        let name: &[u8; 4] = chunk[4..].first_chunk()?;
        let content = &chunk[8..chunk.len() - 4];
        at = end;
        match name {
            b"IHDR" if size.is_some() || content.len() != 13 => return None,
            b"IHDR" => {
                let width = u32::from_be_bytes(*content.first_chunk()?);
                let height = u32::from_be_bytes(*content[4..].first_chunk()?);
                size = Some((width, height));
            }
            _ if size.is_none() => return None,
            b"eXIf" if orientation == 1 => orientation = exif::orientation(content),
            b"acTL" if !has_picture => {
                is_animated |= u32::from_be_bytes(*content.first_chunk()?) > 1;
            }
            b"iCCP" => match unpack_profile(content) {
                Some(unpacked) => profile = Some(unpacked),
                None => continue,
            },
            b"IDAT" => has_picture = true,
            _ => {}
        }
        if KEPT.contains(&name) || (is_animated && name == FRAME_DATA) {
            kept.extend(chunk);
        }
        if name == b"IEND" {
            break;
        }
    }
    let (width, height) = size.filter(|_| has_picture)?;
    let mut cleaned = Vec::with_capacity(SIGNATURE.len() + kept.len());
    cleaned.extend(SIGNATURE);
    // IHDR comes first, and is of one length.
    let (header, rest) = kept.split_at_checked(25)?;
    cleaned.extend(header);
    if orientation != 1 {
        put_chunk(&mut cleaned, b"eXIf", &exif::of_orientation(orientation));
    }
    cleaned.extend(rest);
    Some(Walked {
        cleaned,
        width,
        height,
        orientation,
        is_single_scan: true,
        is_animated,
        profile: profile.filter(|profile| profile.len() <= PROFILE_BYTES_MAX),
    })
}

fn put_chunk(into: &mut Vec<u8>, name: &[u8; 4], content: &[u8]) {
    let mut crc = Crc::new();
    crc.update(name);
    crc.update(content);
    into.extend(
        u32::try_from(content.len())
            .unwrap_or(u32::MAX)
            .to_be_bytes(),
    );
    into.extend(name);
    into.extend(content);
    into.extend(crc.sum().to_be_bytes());
}

/// None when it is broken, or made to unpack to very much.
fn unpack_profile(content: &[u8]) -> Option<Vec<u8>> {
    let name_length = content.iter().take(80).position(|byte| *byte == 0)?;
    // After the name: how it is packed, of which there is one way.
    let packed = content.get(name_length + 2..)?;
    let mut profile = Vec::new();
    ZlibDecoder::new(packed)
        .take(PROFILE_UNPACKED_MAX + 1)
        .read_to_end(&mut profile)
        .ok()?;
    (profile.len() as u64 <= PROFILE_UNPACKED_MAX).then_some(profile)
}

/// Row by row, so that a large picture takes no memory; one that is interlaced has to be unpacked whole.
pub fn decode(bytes: &[u8], shrinker: &mut Shrinker) -> Option<()> {
    let limits = Limits {
        bytes: DECODE_BYTES_MAX,
    };
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().ok()?;
    let layout = match reader.output_color_type().0 {
        ColorType::Grayscale => Layout::Gray,
        ColorType::GrayscaleAlpha => Layout::GrayAlpha,
        ColorType::Rgb => Layout::Rgb,
        ColorType::Rgba => Layout::Rgba,
        ColorType::Indexed => return None,
    };
    if reader.info().interlaced {
        let mut pixels = vec![0; reader.output_buffer_size()?];
        let frame = reader.next_frame(&mut pixels).ok()?;
        for row in pixels.chunks_exact(frame.line_size) {
            shrinker.take_row(row, layout)?;
        }
    } else {
        while let Some(row) = reader.next_row().ok()? {
            shrinker.take_row(row.data(), layout)?;
        }
    }
    Some(())
}
