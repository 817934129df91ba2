//! Which way up a picture is: the one thing of EXIF that is kept.

/// The tag of the orientation, and the type of a 16-bit number.
const ORIENTATION: u16 = 0x0112;
const SHORT: u16 = 3;

/// From a TIFF header on. Anything but 2 to 8, or nothing that can be read, is 1: as it is.
pub fn orientation(tiff: &[u8]) -> u8 {
    read_orientation(tiff)
        .and_then(|value| u8::try_from(value).ok())
        .filter(|value| (1..=8).contains(value))
        .unwrap_or(1)
}

fn read_orientation(tiff: &[u8]) -> Option<u16> {
    let is_little = match tiff.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let short = |at: usize| -> Option<u16> {
        let bytes = [*tiff.get(at)?, *tiff.get(at.checked_add(1)?)?];
        Some(if is_little {
            u16::from_le_bytes(bytes)
        } else {
            u16::from_be_bytes(bytes)
        })
    };
    let (first, second) = (usize::from(short(4)?), usize::from(short(6)?));
    let directory = if is_little {
        second << 16 | first
    } else {
        first << 16 | second
    };
    // Each entry: tag, type, how many (32 bits), value.
    (0..usize::from(short(directory)?))
        .map(|index| directory + 2 + index * 12)
        .take_while(|entry| entry + 12 <= tiff.len())
        .find(|entry| short(*entry) == Some(ORIENTATION) && short(entry + 2) == Some(SHORT))
        .and_then(|entry| short(entry + 8))
}

/// A TIFF header and a directory of nothing but the orientation.
pub fn of_orientation(orientation: u8) -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08\0\x01".to_vec();
    tiff.extend(ORIENTATION.to_be_bytes());
    tiff.extend(SHORT.to_be_bytes());
    tiff.extend(1_u32.to_be_bytes());
    tiff.extend([0, orientation, 0, 0]);
    // No further directory.
    tiff.extend([0; 4]);
    tiff
}

/// Width and height as shown.
pub fn turned(orientation: u8, width: u32, height: u32) -> (u32, u32) {
    if orientation >= 5 {
        (height, width)
    } else {
        (width, height)
    }
}
