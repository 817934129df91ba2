//! JPEG: segments, each with a marker; the compressed picture between them.

use std::io::Cursor;

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::thumbnail::{Layout, PROFILE_BYTES_MAX, Shrinker};
use super::{Walked, exif};

const EXIF: &[u8] = b"Exif\0\0";
const ICC: &[u8] = b"ICC_PROFILE\0";
/// A progressive picture comes in about ten scans. Each of them costs a walk over all of it.
const SCANS_MAX: usize = 40;

mod marker {
    pub const SOF2: u8 = 0xc2;
    pub const SOI: u8 = 0xd8;
    pub const EOI: u8 = 0xd9;
    pub const SOS: u8 = 0xda;
    pub const APP0: u8 = 0xe0;
    pub const APP1: u8 = 0xe1;
    pub const APP2: u8 = 0xe2;
    pub const APP14: u8 = 0xee;
}

/// Keeps what is needed to decode, the colour profile and the orientation. What follows the picture's end (other
/// pictures, a film, an archive) is left out with everything else.
pub fn walk(bytes: &[u8]) -> Option<Walked> {
    let mut kept = Vec::with_capacity(bytes.len());
    let mut jfif = None;
    let mut orientation = 1;
    let mut size = None;
    let mut profile = Some(Vec::new());
    let mut scans = 0;
    let mut is_progressive = false;
    let mut at = 2;
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        // Any number of 0xff may come before a marker.
        let marker_at = at + bytes[at..].iter().position(|byte| *byte != 0xff)?;
        let marker = bytes[marker_at];
        let start = marker_at + 1;
        if marker == marker::EOI {
            break;
        }
        let length = usize::from(u16::from_be_bytes([
            *bytes.get(start)?,
            *bytes.get(start + 1)?,
        ]));
        let end = start + length;
        let content = bytes.get(start + 2..end)?;
        let mut keep = |content: &[u8]| {
            let length = u16::try_from(content.len() + 2).unwrap_or(u16::MAX);
            kept.extend([0xff, marker]);
            kept.extend(length.to_be_bytes());
            kept.extend(content);
        };
        at = end;
        match marker {
            // Without the little picture it may hold.
            marker::APP0 if content.starts_with(b"JFIF\0") && content.len() >= 14 => {
                jfif.get_or_insert_with(|| [&content[..12], &[0, 0]].concat());
            }
            marker::APP1 if content.starts_with(EXIF) && orientation == 1 => {
                orientation = exif::orientation(&content[EXIF.len()..]);
            }
            marker::APP2 if content.starts_with(ICC) => {
                keep(content);
                // After the name: which part of how many.
                profile =
                    profile.filter(|_| content.get(ICC.len()..ICC.len() + 2) == Some(&[1, 1]));
                if let Some(profile) = &mut profile {
                    *profile = content[ICC.len() + 2..].to_vec();
                }
            }
            // How the colours are to be understood.
            marker::APP14 if content.starts_with(b"Adobe") && content.len() >= 12 => {
                keep(&content[..12]);
            }
            // Tables: Huffman, arithmetic, quantization, the interval of restarts
            0xc4 | 0xcc | 0xdb | 0xdd => keep(content),
            0xc0..=0xcf => {
                let [_, height_1, height_2, width_1, width_2, ..] = content else {
                    return None;
                };
                if size.is_some() {
                    return None;
                }
                is_progressive = marker == marker::SOF2;
                size = Some((
                    u32::from(u16::from_be_bytes([*width_1, *width_2])),
                    u32::from(u16::from_be_bytes([*height_1, *height_2])),
                ));
                keep(content);
            }
            marker::SOS => {
                scans += 1;
                if scans > SCANS_MAX {
                    return None;
                }
                keep(content);
                at = end + scan_length(&bytes[end..])?;
                kept.extend(&bytes[end..at]);
            }
            // What has no content cannot come here; it would be read as a length.
            0x01 | 0xd0..=0xd8 => return None,
            _ => {}
        }
    }
    let (width, height) = size.filter(|_| scans > 0)?;
    let mut cleaned = vec![0xff, marker::SOI];
    let mut put = |marker: u8, content: &[u8]| {
        let length = u16::try_from(content.len() + 2).unwrap_or(u16::MAX);
        cleaned.extend([0xff, marker]);
        cleaned.extend(length.to_be_bytes());
        cleaned.extend(content);
    };
    if let Some(jfif) = jfif {
        put(marker::APP0, &jfif);
    }
    if orientation != 1 {
        put(
            marker::APP1,
            &[EXIF, &exif::of_orientation(orientation)].concat(),
        );
    }
    cleaned.extend(kept);
    cleaned.extend([0xff, marker::EOI]);
    Some(Walked {
        cleaned,
        width,
        height,
        orientation,
        is_single_scan: is_progressive || scans == 1,
        is_animated: false,
        profile: profile.filter(|profile| (1..=PROFILE_BYTES_MAX).contains(&profile.len())),
    })
}

/// Up to the next marker that ends it. None when there is none.
fn scan_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += bytes[at..].iter().position(|byte| *byte == 0xff)?;
        match *bytes.get(at + 1)? {
            // A 0xff of the picture itself, or a restart
            0x00 | 0xd0..=0xd7 => at += 2,
            // Filled up
            0xff => at += 1,
            _ => return Some(at),
        }
    }
}

pub fn decode(bytes: &[u8], shrinker: &mut Shrinker) -> Option<()> {
    let options = DecoderOptions::new_safe()
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_max_scans(SCANS_MAX)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(Cursor::new(bytes), options);
    let pixels = decoder.decode().ok()?;
    let (width, _) = decoder.dimensions()?;
    let layout = match decoder.output_colorspace()? {
        ColorSpace::Luma => Layout::Gray,
        ColorSpace::RGB => Layout::Rgb,
        _ => return None,
    };
    for row in pixels.chunks_exact(width * layout.pixel_bytes()) {
        shrinker.take_row(row, layout)?;
    }
    Some(())
}
