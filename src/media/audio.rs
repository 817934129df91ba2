//! Sound, as the streams say that it is: its length is found without unpacking any of it.

use std::io::{BufReader, Seek, SeekFrom};

use lofty::config::ParseOptions;
use lofty::file::{AudioFile, FileType};
use lofty::probe::Probe;

use super::Inspected;
use super::source::Source;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AudioFormat {
    Aac,
    Flac,
    Mp3,
    /// Vorbis, Opus, Speex and FLAC; or a video.
    Ogg,
    Wav,
}

pub fn read(source: &mut Source<'_>, format: AudioFormat) -> Option<Inspected> {
    match format {
        AudioFormat::Aac => read_sound(source, FileType::Aac, "audio/aac"),
        AudioFormat::Flac => read_sound(source, FileType::Flac, "audio/flac"),
        AudioFormat::Mp3 => read_sound(source, FileType::Mpeg, "audio/mpeg"),
        AudioFormat::Wav => read_sound(source, FileType::Wav, "audio/wav"),
        AudioFormat::Ogg => read_ogg(source),
    }
}

/// None when no length comes out: the marks by which MP3 and AAC are known are a few bits, and chance has them too.
fn read_sound(source: &mut Source<'_>, file: FileType, media_type: &str) -> Option<Inspected> {
    source.seek(SeekFrom::Start(0)).ok()?;
    let options = ParseOptions::new().read_tags(false).read_cover_art(false);
    let read = Probe::with_file_type(BufReader::new(source), file)
        .options(options)
        .read()
        .ok()?;
    let duration_ms = u64::try_from(read.properties().duration().as_millis()).ok()?;
    (duration_ms > 0).then(|| Inspected {
        duration_ms: Some(duration_ms),
        ..Inspected::of(media_type)
    })
}

/// The first packet of a file says what is in it. It comes after a page's header: 27 bytes, and a list of lengths.
fn read_ogg(source: &mut Source<'_>) -> Option<Inspected> {
    let [count] = source.read_at::<1>(26)?;
    let start = 27 + u64::from(count);
    let packet: [u8; 8] = source.read_at(start)?;
    let file = match &packet {
        b"OpusHead" => FileType::Opus,
        b"Speex   " => FileType::Speex,
        [1, b'v', b'o', b'r', b'b', b'i', b's', _] => FileType::Vorbis,
        [0x80, b't', b'h', b'e', b'o', b'r', b'a', _] => return read_theora(source, start),
        [0x7f, b'F', b'L', b'A', b'C', ..] => return Some(Inspected::of("audio/ogg")),
        _ => return None,
    };
    read_sound(source, file, "audio/ogg")
}

/// Its length would take reading all of it.
fn read_theora(source: &mut Source<'_>, packet: u64) -> Option<Inspected> {
    // Name and version are 10 bytes, then come its size in blocks, and the size of what is shown of them.
    let [width_1, width_2, width_3, height_1, height_2, height_3] = source.read_at(packet + 14)?;
    let width = u32::from_be_bytes([0, width_1, width_2, width_3]);
    let height = u32::from_be_bytes([0, height_1, height_2, height_3]);
    (width > 0 && height > 0).then(|| Inspected {
        width: Some(width),
        height: Some(height),
        ..Inspected::of("video/ogg")
    })
}
