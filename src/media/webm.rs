//! WebM and Matroska: elements in elements, each with a name and a length of one to eight bytes. What they say of
//! themselves comes before the first of the clusters that hold sound and pictures, and nothing else is read.

use super::Inspected;
use super::source::Source;

/// Elements looked at, at most; a real file has some dozens before its first cluster.
const ELEMENTS_MAX: u32 = 10_000;
/// Nanoseconds that one unit of time has, unless a file says otherwise.
const UNIT_NS: u64 = 1_000_000;

mod element {
    pub const EBML: u32 = 0x1a45_dfa3;
    pub const DOC_TYPE: u32 = 0x4282;
    pub const SEGMENT: u32 = 0x1853_8067;
    pub const INFO: u32 = 0x1549_a966;
    pub const TIMESTAMP_SCALE: u32 = 0x002a_d7b1;
    pub const DURATION: u32 = 0x4489;
    pub const TRACKS: u32 = 0x1654_ae6b;
    pub const TRACK_ENTRY: u32 = 0xae;
    pub const TRACK_TYPE: u32 = 0x83;
    pub const VIDEO: u32 = 0xe0;
    pub const PIXEL_WIDTH: u32 = 0xb0;
    pub const PIXEL_HEIGHT: u32 = 0xba;
    pub const CLUSTER: u32 = 0x1f43_b675;
}

#[derive(Default)]
struct Walk {
    elements: u32,
    /// In how many elements it is.
    depth: u32,
    doc_type: Vec<u8>,
    unit_ns: Option<u64>,
    duration_units: Option<f64>,
    has_video: bool,
    has_sound: bool,
    width: Option<u32>,
    height: Option<u32>,
}

/// None when it has no track of sound or pictures.
pub fn read(source: &mut Source<'_>, size_bytes: u64) -> Option<Inspected> {
    let mut walk = Walk::default();
    walk.elements_of(source, 0, size_bytes);
    let media_type = match (walk.doc_type.as_slice(), walk.has_video, walk.has_sound) {
        (b"webm", true, _) => "video/webm",
        (b"webm", false, true) => "audio/webm",
        // No browser shows all of what may be in it.
        (b"matroska", true, _) => "video/x-matroska",
        (b"matroska", false, true) => "audio/x-matroska",
        _ => return None,
    };
    let unit_ns = walk.unit_ns.unwrap_or(UNIT_NS) as f64;
    Some(Inspected {
        width: walk
            .width
            .filter(|_| walk.has_video && walk.height.is_some()),
        height: walk
            .height
            .filter(|_| walk.has_video && walk.width.is_some()),
        // A number that is none becomes 0, which is no length.
        duration_ms: walk
            .duration_units
            .map(|units| (units * unit_ns / 1e6) as u64),
        ..Inspected::of(media_type)
    })
}

impl Walk {
    /// None when a cluster was reached, or too much was seen: there is nothing more to look at.
    fn elements_of(&mut self, source: &mut Source<'_>, mut at: u64, end: u64) -> Option<()> {
        while at < end {
            self.elements += 1;
            if self.elements > ELEMENTS_MAX {
                return None;
            }
            let (name, content, element_end) = find(source, at, end)?;
            let length = element_end - content;
            match name {
                element::CLUSTER => return None,
                element::EBML
                | element::SEGMENT
                | element::INFO
                | element::TRACKS
                | element::TRACK_ENTRY
                | element::VIDEO => self.elements_inside(name, source, content, element_end)?,
                element::DOC_TYPE if length <= 8 => {
                    self.doc_type = (0..length)
                        .map(|offset| source.read_at(content + offset).map(|[byte]| byte))
                        .collect::<Option<_>>()?;
                }
                element::TIMESTAMP_SCALE => self.unit_ns = read_number(source, content, length),
                element::DURATION => {
                    self.duration_units = match length {
                        4 => Some(f64::from(f32::from_be_bytes(source.read_at(content)?))),
                        8 => Some(f64::from_be_bytes(source.read_at(content)?)),
                        _ => None,
                    };
                }
                element::TRACK_TYPE => match read_number(source, content, length) {
                    Some(1) => self.has_video = true,
                    Some(2) => self.has_sound = true,
                    _ => {}
                },
                element::PIXEL_WIDTH if self.width.is_none() => {
                    self.width = read_side(source, content, length);
                }
                element::PIXEL_HEIGHT if self.height.is_none() => {
                    self.height = read_side(source, content, length);
                }
                _ => {}
            }
            at = element_end;
        }
        Some(())
    }

    /// Each of them is in one that is further out, so hostile ones are not in one another without end.
    fn elements_inside(
        &mut self,
        name: u32,
        source: &mut Source<'_>,
        start: u64,
        end: u64,
    ) -> Option<()> {
        let depth = match name {
            element::EBML | element::SEGMENT => 1,
            element::INFO | element::TRACKS => 2,
            element::TRACK_ENTRY => 3,
            _ => 4,
        };
        if depth <= self.depth {
            return None;
        }
        let before = std::mem::replace(&mut self.depth, depth);
        let done = self.elements_of(source, start, end);
        self.depth = before;
        done
    }
}

fn read_side(source: &mut Source<'_>, content: u64, length: u64) -> Option<u32> {
    let side = u32::try_from(read_number(source, content, length)?).ok()?;
    (1..=u32::from(u16::MAX)).contains(&side).then_some(side)
}

fn read_number(source: &mut Source<'_>, content: u64, length: u64) -> Option<u64> {
    if !(1..=8).contains(&length) {
        return None;
    }
    (0..length).try_fold(0, |number, offset| {
        let [byte] = source.read_at(content + offset)?;
        Some(number << 8 | u64::from(byte))
    })
}

/// An element's name, and where its content begins and ends. One that is being written has no length yet: it goes on to
/// the end.
fn find(source: &mut Source<'_>, at: u64, end: u64) -> Option<(u32, u64, u64)> {
    let [first] = source.read_at(at)?;
    // As many zeros as there are further bytes.
    let name_length = u64::from(first.leading_zeros()) + 1;
    if name_length > 4 {
        return None;
    }
    let name = u32::try_from(read_number(source, at, name_length)?).ok()?;
    let length_at = at + name_length;
    let [first] = source.read_at(length_at)?;
    let length_length = u64::from(first.leading_zeros()) + 1;
    let number = read_number(source, length_at, length_length)?;
    let length_mask = (1_u64 << (7 * length_length)) - 1;
    let length = number & length_mask;
    let content = length_at + length_length;
    let element_end = if length == length_mask {
        end
    } else {
        content.checked_add(length)?.min(end)
    };
    Some((name, content.min(end), element_end.max(content.min(end))))
}
