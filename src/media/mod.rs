//! What a file is, by its content: decides what an upload is, makes it safe to show, and makes it say no more than what
//! can be seen in it.
//!
//! Everything here blocks, and uses the processor: call it where blocking is allowed. It knows no database and no HTTP.
//!
//! What a file claims to be, by name or by its first bytes, is believed only when the rest bears it out: an image
//! decodes, a video has tracks, sound has a length. Whatever does not bear it out, whatever is broken or cut short, is
//! `application/octet-stream`: it can be sent and downloaded, as it is, and is never shown.
//!
//! - Images (JPEG, PNG, GIF, WebP) of up to 40 megapixels and 32 MiB are shown. They keep their pixels, their colour
//!   profile, their animation and which way up they are; everything else is left out, what follows their end included
//!   ([`Inspected::cleaned`]). Nothing is encoded anew. One of more pixels is a file, and is cleaned too.
//! - MP4 and QuickTime lose what says where and with what they were recorded; it is overwritten in the file itself
//!   ([`Inspected::is_file_changed`]), so that no second copy of a video is needed.
//! - What holds the beginnings of HTML, SVG or XML where a browser might look for them is a file, whatever else it is.
//!
//! *Invariant:* what is read, kept in memory and done is bounded by the limits below, however hostile the file; only
//! looking for text reads a whole large file, by pieces.

mod audio;
mod exif;
mod gif;
mod jpeg;
mod mp4;
mod name;
mod png;
mod sniff;
mod source;
mod thumbnail;
mod webm;
mod webp;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

pub use name::{content_disposition, safe_name};
use sniff::Format;
use source::Source;
use thumbnail::Shrinker;

/// What may be anything.
pub const OCTET_STREAM: &str = "application/octet-stream";
/// An image's bytes are held in memory, twice while it is cleaned. The largest photos of phones are half of this.
const IMAGE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Decoding takes up to nine bytes a pixel (a progressive JPEG), so this bounds it to some 400 MB.
const IMAGE_PIXELS_MAX: u64 = 40_000_000;
/// What JPEG and GIF can be at most; a PNG of one row and millions of columns is no picture.
const IMAGE_SIDE_MAX: u32 = 65_535;
/// A length beyond a week is no length, and fits into 32 bits still.
const DURATION_MS_MAX: u64 = 7 * 24 * 60 * 60 * 1000;
/// How much of a file is overwritten, or searched for what is no text, at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// What was found out about a file.
#[derive(Debug)]
pub struct Inspected {
    /// The name it was given, made safe. It says nothing of what the file is.
    pub name: String,
    /// By content. `text/plain` is UTF-8 and nothing but text.
    pub media_type: String,
    /// In pixels as shown: an image or a video that lies on its side is turned.
    pub width: Option<u32>,
    pub height: Option<u32>,
    /// Of sound and video, when the file says so. What is recorded in a browser often does not.
    pub duration_ms: Option<u64>,
    pub is_animated: bool,
    /// The bytes to keep instead of the file's, when something had to be left out of an image.
    pub cleaned: Option<Vec<u8>>,
    /// Whether the file itself was changed, in place and without changing its size: whoever made a sum of it before
    /// makes it again.
    pub is_file_changed: bool,
    /// None when the file is no image, and when it is one that has to be shown itself: so small that it can be, or a
    /// JPEG of a rare kind that no thumbnail is made of.
    pub thumbnail: Option<Thumbnail>,
}

#[derive(Debug)]
pub struct Thumbnail {
    /// JPEG, or WebP when it is transparent somewhere.
    pub media_type: &'static str,
    pub width: u32,
    pub height: u32,
    pub bytes: Vec<u8>,
}

/// How a file is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Image,
    /// An image that moves.
    Gif,
    Video,
    Audio,
    /// By its name alone.
    File,
}

impl Inspected {
    /// Of a file that nobody could look into.
    pub fn unknown(name: &str) -> Self {
        Self {
            name: safe_name(name),
            ..Self::of(OCTET_STREAM)
        }
    }

    fn of(media_type: &str) -> Self {
        Self {
            name: String::new(),
            media_type: media_type.to_owned(),
            width: None,
            height: None,
            duration_ms: None,
            is_animated: false,
            cleaned: None,
            is_file_changed: false,
            thumbnail: None,
        }
    }

    /// Like [`kind_of`], and knows of animated PNG and WebP, and of GIFs that stand still.
    pub fn kind(&self) -> Kind {
        match kind_of(&self.media_type) {
            Kind::Image | Kind::Gif if self.is_animated => Kind::Gif,
            Kind::Image | Kind::Gif => Kind::Image,
            kind => kind,
        }
    }
}

/// How a file of a type is shown. What browsers cannot show, or what was never looked into, is a file.
pub fn kind_of(media_type: &str) -> Kind {
    match media_type {
        "image/gif" => Kind::Gif,
        "image/jpeg" | "image/png" | "image/webp" => Kind::Image,
        "video/mp4" | "video/ogg" | "video/quicktime" | "video/webm" => Kind::Video,
        "audio/aac" | "audio/flac" | "audio/mp4" | "audio/mpeg" | "audio/ogg" | "audio/wav"
        | "audio/webm" => Kind::Audio,
        _ => Kind::File,
    }
}

/// Whether what has this type may be shown by a browser at our own address, where a script would act for its reader.
/// Never what could hold one (HTML, SVG, XML, PDF), and no text: what is one by our reading may be HTML by another's.
pub fn is_safe_inline(media_type: &str) -> bool {
    kind_of(media_type) != Kind::File
}

/// Looks into a file that was received whole, and may overwrite parts of it (see [`Inspected::is_file_changed`]), so
/// it has to be open for both. Fails only when the disk does: no content is an error.
pub fn inspect(file: &mut File, size_bytes: u64, name: &str) -> io::Result<Inspected> {
    let mut head = read_head(file)?;
    let mut inspected = match sniff::format(&head) {
        Format::Image(format) => inspect_image(file, size_bytes, format)?,
        Format::Iso => inspect_mp4(file, size_bytes)?,
        Format::Matroska => look(file, size_bytes, |source| webm::read(source, size_bytes))?,
        Format::Audio(format) => look(file, size_bytes, |source| audio::read(source, format))?,
        Format::Other(media_type) => Inspected::of(media_type),
        Format::Unknown if is_text(file, &head)? => Inspected::of("text/plain"),
        Format::Unknown => Inspected::of(OCTET_STREAM),
    };
    if inspected.is_file_changed {
        head = read_head(file)?;
    }
    let first = inspected.cleaned.as_deref().unwrap_or(&head);
    if is_shown(&inspected.media_type) && sniff::holds_markup(first) {
        inspected = Inspected {
            cleaned: inspected.cleaned,
            is_file_changed: inspected.is_file_changed,
            ..Inspected::of(OCTET_STREAM)
        };
    }
    inspected.duration_ms = inspected
        .duration_ms
        .filter(|duration| (1..=DURATION_MS_MAX).contains(duration));
    inspected.name = safe_name(name);
    Ok(inspected)
}

fn read_head(file: &mut File) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(sniff::HEAD_BYTES);
    file.seek(SeekFrom::Start(0))?;
    file.take(sniff::HEAD_BYTES as u64).read_to_end(&mut head)?;
    Ok(head)
}

fn is_shown(media_type: &str) -> bool {
    is_safe_inline(media_type) || media_type == "text/plain"
}

/// One of the four kinds of images that every browser shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ImageFormat {
    Jpeg,
    Png,
    Gif,
    Webp,
}

/// An image as its parts say, before it is decoded.
struct Walked {
    /// Without what is left out.
    cleaned: Vec<u8>,
    /// As stored.
    width: u32,
    height: u32,
    /// 1 to 8, as EXIF counts.
    orientation: u8,
    is_animated: bool,
    /// False of a JPEG that is not progressive and has a scan for each colour, which the decoder gives wrong colours.
    is_single_scan: bool,
    /// The colour profile, when a thumbnail can carry it.
    profile: Option<Vec<u8>>,
}

impl ImageFormat {
    fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
        }
    }

    /// None when it does not reach its own end.
    fn walk(self, bytes: &[u8]) -> Option<Walked> {
        match self {
            Self::Jpeg => jpeg::walk(bytes),
            Self::Png => png::walk(bytes),
            Self::Gif => gif::walk(bytes),
            Self::Webp => webp::walk(bytes),
        }
    }

    /// The (first) picture, row by row. None when it cannot be decoded.
    fn decode(self, walked: &Walked, shrinker: &mut Shrinker) -> Option<()> {
        let bytes = &walked.cleaned;
        match self {
            Self::Jpeg => jpeg::decode(bytes, shrinker),
            Self::Png => png::decode(bytes, shrinker),
            Self::Gif => gif::decode(bytes, shrinker),
            Self::Webp => webp::decode(bytes, shrinker),
        }
    }
}

fn inspect_image(file: &mut File, size_bytes: u64, format: ImageFormat) -> io::Result<Inspected> {
    if size_bytes > IMAGE_BYTES_MAX {
        return Ok(Inspected::of(OCTET_STREAM));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size_bytes).unwrap_or_default());
    file.seek(SeekFrom::Start(0))?;
    file.take(IMAGE_BYTES_MAX).read_to_end(&mut bytes)?;
    let Some(walked) = unbroken(|| format.walk(&bytes)) else {
        return Ok(Inspected::of(OCTET_STREAM));
    };
    let is_cleaned = walked.cleaned != bytes;
    drop(bytes);
    let shown = unbroken(|| show_image(format, &walked));
    let mut inspected = shown.unwrap_or_else(|| Inspected::of(OCTET_STREAM));
    inspected.cleaned = is_cleaned.then_some(walked.cleaned);
    Ok(inspected)
}

/// None when it is too large or does not decode.
fn show_image(format: ImageFormat, walked: &Walked) -> Option<Inspected> {
    let (width, height) = (walked.width, walked.height);
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 || pixels > IMAGE_PIXELS_MAX || width.max(height) > IMAGE_SIDE_MAX {
        return None;
    }
    let mut shrinker = Shrinker::new(width, height);
    format.decode(walked, &mut shrinker)?;
    let picture = shrinker.finish()?.turned(walked.orientation);
    let is_small = width.max(height) <= thumbnail::SIDE_MAX
        && walked.cleaned.len() <= thumbnail::BYTES_WANTED
        && !walked.is_animated;
    let thumbnail = if is_small || !walked.is_single_scan {
        None
    } else {
        Some(picture.encode(walked.profile.as_deref())?)
    };
    let (width, height) = exif::turned(walked.orientation, width, height);
    Some(Inspected {
        width: Some(width),
        height: Some(height),
        is_animated: walked.is_animated,
        thumbnail,
        ..Inspected::of(format.media_type())
    })
}

fn inspect_mp4(file: &mut File, size_bytes: u64) -> io::Result<Inspected> {
    let mut private = Vec::new();
    let mut inspected = look(file, size_bytes, |source| {
        let movie = mp4::read(source, size_bytes)?;
        private = movie.private;
        Some(movie.inspected)
    })?;
    for part in private {
        file.seek(SeekFrom::Start(part.name_at))?;
        file.write_all(b"free")?;
        file.seek(SeekFrom::Start(part.content_at))?;
        io::copy(
            &mut io::repeat(0).take(part.end.saturating_sub(part.content_at)),
            file,
        )?;
        inspected.is_file_changed = true;
    }
    Ok(inspected)
}

/// Reads a file by a bounded number of bytes and steps. What cannot be made out is `application/octet-stream`.
fn look(
    file: &mut File,
    size_bytes: u64,
    read: impl FnOnce(&mut Source<'_>) -> Option<Inspected>,
) -> io::Result<Inspected> {
    let mut source = Source::new(file, size_bytes)?;
    let inspected = unbroken(|| read(&mut source));
    source.failure()?;
    Ok(inspected.unwrap_or_else(|| Inspected::of(OCTET_STREAM)))
}

/// Decoders are others' work, and files are made to break them: what panics is not decoded.
fn unbroken<T>(read: impl FnOnce() -> Option<T>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        tracing::warn!("a file broke its decoder, and is kept as a file");
        None
    })
}

/// Reads all of it, unless it is certain before.
fn is_text(file: &mut File, head: &[u8]) -> io::Result<bool> {
    if head.is_empty() {
        return Ok(false);
    }
    file.seek(SeekFrom::Start(0))?;
    let mut text = sniff::Text::default();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            return Ok(text.is_complete());
        }
        if !text.goes_on(&piece[..count]) {
            return Ok(false);
        }
    }
}
