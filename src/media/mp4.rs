//! MP4 and QuickTime: boxes in boxes, each with its length and name. The sound and the pictures are in one of them, and
//! are never read.

use super::Inspected;
use super::source::Source;

/// Boxes looked at, at most: a film has some dozens, one in fragments some more for each.
const BOXES_MAX: u32 = 10_000;
/// Fixed-point numbers have 16 bits on either side.
const FIXED_ONE: u32 = 1 << 16;

/// What a film says of itself.
pub struct Movie {
    pub inspected: Inspected,
    /// What says more than the film does.
    pub private: Vec<Part>,
}

/// A box whose name and content are to be overwritten, so that what it says is gone and everything else stays where it
/// is.
#[derive(Debug)]
pub struct Part {
    pub name_at: u64,
    pub content_at: u64,
    pub end: u64,
}

/// One box, and where its content begins and ends.
struct Found {
    name: [u8; 4],
    start: u64,
    content: u64,
    end: u64,
}

#[derive(Default)]
struct Walk {
    is_quicktime: bool,
    boxes: u32,
    duration_ms: Option<u64>,
    units_per_second: u64,
    has_sound: bool,
    /// Of the first track of pictures.
    size: Option<(u32, u32)>,
    private: Vec<Part>,
}

/// A track, while it is looked at.
#[derive(Default)]
struct Track {
    size: (u32, u32),
    handler: [u8; 4],
}

/// None when it has no track of sound or pictures.
pub fn read(source: &mut Source<'_>, size_bytes: u64) -> Option<Movie> {
    let mut walk = Walk {
        is_quicktime: true,
        ..Walk::default()
    };
    walk.boxes_of(source, 0, size_bytes, |walk, source, found| {
        match &found.name {
            b"ftyp" => walk.is_quicktime = source.read_at(found.content)? == *b"qt  ",
            b"moov" => walk.movie(source, found)?,
            b"meta" | b"udta" | b"uuid" => walk.hide(found),
            _ => {}
        }
        Some(())
    })?;
    let media_type = match (walk.size, walk.has_sound, walk.is_quicktime) {
        (Some(_), _, false) => "video/mp4",
        (Some(_), _, true) => "video/quicktime",
        (None, true, _) => "audio/mp4",
        (None, false, _) => return None,
    };
    let size = walk
        .size
        .filter(|(width, height)| *width > 0 && *height > 0);
    Some(Movie {
        inspected: Inspected {
            width: size.map(|(width, _)| width),
            height: size.map(|(_, height)| height),
            duration_ms: walk.duration_ms,
            ..Inspected::of(media_type)
        },
        private: walk.private,
    })
}

impl Walk {
    /// What is broken or cut short ends it quietly: what came before may be enough.
    fn boxes_of(
        &mut self,
        source: &mut Source<'_>,
        mut at: u64,
        end: u64,
        mut look: impl FnMut(&mut Self, &mut Source<'_>, &Found) -> Option<()>,
    ) -> Option<()> {
        while let Some(found) = find(source, at, end) {
            self.boxes += 1;
            if self.boxes > BOXES_MAX {
                return None;
            }
            look(self, source, &found)?;
            at = found.end;
        }
        Some(())
    }

    fn hide(&mut self, found: &Found) {
        self.private.push(Part {
            name_at: found.start + 4,
            content_at: found.content,
            end: found.end,
        });
    }

    /// What users and their devices added is hidden: places (`©xyz`, `loci`, `com.apple.quicktime.location.ISO6709`),
    /// names, makers, titles; and Adobe's XMP (`uuid`).
    fn movie(&mut self, source: &mut Source<'_>, movie: &Found) -> Option<()> {
        self.boxes_of(source, movie.content, movie.end, |walk, source, found| {
            match &found.name {
                b"mvhd" => walk.header(source, found)?,
                b"mvex" => walk.fragments(source, found)?,
                b"trak" => walk.track(source, found)?,
                b"meta" | b"udta" | b"uuid" => walk.hide(found),
                _ => {}
            }
            Some(())
        })
    }

    fn header(&mut self, source: &mut Source<'_>, found: &Found) -> Option<()> {
        let [version] = source.read_at(found.content)?;
        // Version and flags, then two dates, which are as long as the duration is.
        let (units, duration) = if version == 1 {
            let units: [u8; 4] = source.read_at(found.content + 20)?;
            let duration = u64::from_be_bytes(source.read_at(found.content + 24)?);
            (
                units,
                Some(duration).filter(|duration| *duration != u64::MAX),
            )
        } else {
            let units: [u8; 4] = source.read_at(found.content + 12)?;
            let duration = u32::from_be_bytes(source.read_at(found.content + 16)?);
            let duration = Some(duration).filter(|duration| *duration != u32::MAX);
            (units, duration.map(u64::from))
        };
        self.units_per_second = u64::from(u32::from_be_bytes(units));
        self.duration_ms = duration.and_then(|duration| self.as_ms(duration));
        Some(())
    }

    /// Of a film in fragments, whose header knows no duration.
    fn fragments(&mut self, source: &mut Source<'_>, found: &Found) -> Option<()> {
        self.boxes_of(source, found.content, found.end, |walk, source, found| {
            if &found.name == b"mehd" && walk.duration_ms.is_none() {
                let [version] = source.read_at(found.content)?;
                let duration = if version == 1 {
                    u64::from_be_bytes(source.read_at(found.content + 4)?)
                } else {
                    u64::from(u32::from_be_bytes(source.read_at(found.content + 4)?))
                };
                walk.duration_ms = walk.as_ms(duration);
            }
            Some(())
        })
    }

    fn as_ms(&self, duration: u64) -> Option<u64> {
        let ms = duration.checked_mul(1000)?;
        ms.checked_div(self.units_per_second).filter(|ms| *ms > 0)
    }

    fn track(&mut self, source: &mut Source<'_>, found: &Found) -> Option<()> {
        let mut track = Track::default();
        self.boxes_of(source, found.content, found.end, |walk, source, found| {
            match &found.name {
                b"tkhd" => track.size = shown_size(source, found)?,
                b"mdia" => {
                    walk.boxes_of(source, found.content, found.end, |_, source, found| {
                        if &found.name == b"hdlr" {
                            track.handler = source.read_at(found.content + 8)?;
                        }
                        Some(())
                    })?
                }
                b"meta" | b"udta" | b"uuid" => walk.hide(found),
                _ => {}
            }
            Some(())
        })?;
        match &track.handler {
            b"vide" if self.size.is_none() => self.size = Some(track.size),
            b"soun" => self.has_sound = true,
            // Places, all along the way: without the track nothing says what its bytes are.
            b"meta" | b"camm" => self.hide(found),
            _ => {}
        }
        Some(())
    }
}

/// None at the end, and when the box is broken. What is cut short ends where the file does.
fn find(source: &mut Source<'_>, start: u64, end: u64) -> Option<Found> {
    if start.checked_add(8)? > end {
        return None;
    }
    let [l0, l1, l2, l3, name @ ..]: [u8; 8] = source.read_at(start)?;
    let (header, length) = match u32::from_be_bytes([l0, l1, l2, l3]) {
        // To the end
        0 => (8, end - start),
        // A length that does not fit
        1 => (16, u64::from_be_bytes(source.read_at(start + 8)?)),
        length => (8, u64::from(length)),
    };
    if length < header {
        return None;
    }
    Some(Found {
        name,
        start,
        content: (start + header).min(end),
        end: start.checked_add(length)?.min(end),
    })
}

/// A track's size, on its side if its matrix turns it.
fn shown_size(source: &mut Source<'_>, found: &Found) -> Option<(u32, u32)> {
    let [version] = source.read_at(found.content)?;
    // Dates, the track's number, its duration, and what is reserved come before the matrix; its size comes after.
    let matrix = found.content + if version == 1 { 52 } else { 40 };
    let [a, b, c, d] =
        [0, 4, 12, 16].map(|offset| source.read_at(matrix + offset).map(u32::from_be_bytes));
    let width = u32::from_be_bytes(source.read_at(matrix + 36)?) / FIXED_ONE;
    let height = u32::from_be_bytes(source.read_at(matrix + 40)?) / FIXED_ONE;
    let is_turned = a? == 0 && d? == 0 && b? != 0 && c? != 0;
    Some(if is_turned {
        (height, width)
    } else {
        (width, height)
    })
}
