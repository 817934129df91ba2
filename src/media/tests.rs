//! Files are made here, whole and broken, and looked at as uploads are.
#![allow(clippy::unwrap_used)]

use std::io::Cursor;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use image_webp::WebPEncoder;
use proptest::prelude::*;

use super::*;

/// Where nobody should find it.
const PLACE: &[u8] = b"+52.5200+013.4050/";
const TRAILING: &[u8] = b"PK\x03\x04<html><script>alert(1)</script></html>";

fn file_of(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn look_at(bytes: &[u8]) -> Inspected {
    inspect(&mut file_of(bytes), bytes.len() as u64, "photo.jpg").unwrap()
}

fn type_of(bytes: &[u8]) -> String {
    look_at(bytes).media_type
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

// --- As programs make them ---

/// Name, bytes, MIME type, and width and height in pixels.
type Real = (
    &'static str,
    &'static [u8],
    &'static str,
    Option<(u32, u32)>,
);

/// Half a second of each, made by FFmpeg; the first as telephones make films, lying and with the place.
const REAL: [Real; 8] = [
    (
        "phone.mov",
        include_bytes!("../../tests/media/phone.mov"),
        "video/quicktime",
        Some((54, 96)),
    ),
    (
        "fragmented.mp4",
        include_bytes!("../../tests/media/fragmented.mp4"),
        "video/mp4",
        Some((96, 54)),
    ),
    (
        "film.webm",
        include_bytes!("../../tests/media/film.webm"),
        "video/webm",
        Some((96, 54)),
    ),
    (
        "voice.webm",
        include_bytes!("../../tests/media/voice.webm"),
        "audio/webm",
        None,
    ),
    (
        "voice.ogg",
        include_bytes!("../../tests/media/voice.ogg"),
        "audio/ogg",
        None,
    ),
    (
        "song.m4a",
        include_bytes!("../../tests/media/song.m4a"),
        "audio/mp4",
        None,
    ),
    (
        "song.mp3",
        include_bytes!("../../tests/media/song.mp3"),
        "audio/mpeg",
        None,
    ),
    (
        "song.flac",
        include_bytes!("../../tests/media/song.flac"),
        "audio/flac",
        None,
    ),
];

#[test]
fn films_and_sounds_of_other_programs_are_what_they_are() {
    for (name, bytes, media_type, size) in REAL {
        let found = look_at(bytes);
        assert_eq!(found.media_type, media_type, "{name}");
        assert_eq!(found.width.zip(found.height), size, "{name}");
        // What is written while it is made does not know its length.
        let length = found.duration_ms.unwrap_or_default();
        assert_eq!(
            (450..=620).contains(&length),
            name != "fragmented.mp4",
            "{name}: {length} ms"
        );
    }
}

#[test]
fn the_place_where_a_telephone_made_a_film_is_taken_out_and_the_film_stays() {
    let (_, bytes, _, _) = REAL[0];
    assert!(holds(bytes, b"+48.8577+002.2950"));
    let mut file = file_of(bytes);
    let found = inspect(&mut file, bytes.len() as u64, "phone.mov").unwrap();
    assert!(found.is_file_changed);
    let mut kept = Vec::new();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.read_to_end(&mut kept).unwrap();
    assert!(!holds(&kept, b"48.8577"));
    assert_eq!(kept.len(), bytes.len());
    // What is seen and heard lies where it lay.
    let at = bytes.windows(4).position(|part| part == b"mdat").unwrap();
    let end = at + u32::from_be_bytes(bytes[at - 4..at].try_into().unwrap()) as usize - 4;
    assert!(kept[at..end] == bytes[at..end]);
}

// --- Images ---

/// Red on the left, green on the right, blue at the bottom left.
fn pixels(width: u32, height: u32, channels: usize) -> Vec<u8> {
    let mut pixels = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let pixel = match (x < width / 2, y < height / 2) {
                (true, true) => [250, 0, 0, 255],
                (false, _) => [0, 250, 0, 255],
                (true, false) => [0, 0, 250, 255],
            };
            pixels.extend(&pixel[..channels]);
        }
    }
    pixels
}

fn jpeg(width: u16, height: u16, segments: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
    for (number, content) in segments {
        encoder.add_app_segment(*number, content.clone()).unwrap();
    }
    let pixels = pixels(width.into(), height.into(), 3);
    encoder
        .encode(&pixels, width, height, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    bytes
}

/// EXIF as phones write it: orientation, the maker, and a directory of the place.
fn exif_of(orientation: u8) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0\x03\0".to_vec();
    tiff.extend(b"\x0f\x01\x02\0\x04\0\0\0Cam\0");
    tiff.extend([0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
    tiff.extend(b"\x25\x88\x04\0\x01\0\0\0\x32\0\0\0");
    tiff.extend([0; 4]);
    tiff.extend(b"\x01\0\x02\0\x02\0\x12\0\0\0\x44\0\0\0\0\0\0\0");
    tiff.extend(PLACE);
    tiff
}

fn exif_segment(orientation: u8) -> (u8, Vec<u8>) {
    (1, [b"Exif\0\0".to_vec(), exif_of(orientation)].concat())
}

fn png_chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(name);
    crc.update(content);
    let length = u32::try_from(content.len()).unwrap();
    let mut chunk = length.to_be_bytes().to_vec();
    chunk.extend(name);
    chunk.extend(content);
    chunk.extend(crc.sum().to_be_bytes());
    chunk
}

/// With further chunks before the picture.
fn png(width: u32, height: u32, chunks: &[Vec<u8>]) -> Vec<u8> {
    png_of(width, height, &pixels(width, height, 4), chunks)
}

fn png_of(width: u32, height: u32, pixels: &[u8], chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(::png::ColorType::Rgba);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(pixels).unwrap();
    writer.finish().unwrap();
    let rest = bytes.split_off(33);
    [bytes, chunks.concat(), rest].concat()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn gif(width: u16, height: u16, frames: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let colors = [0, 0, 0, 250, 0, 0, 0, 250, 0];
    let mut encoder = ::gif::Encoder::new(&mut bytes, width, height, &colors).unwrap();
    for _ in 0..frames {
        let pixels = vec![1; usize::from(width) * usize::from(height)];
        let frame = ::gif::Frame::from_indexed_pixels(width, height, pixels, None);
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    bytes
}

/// With something before the first block.
fn gif_with(block: &[u8]) -> Vec<u8> {
    let mut bytes = gif(4, 4, 2);
    let colors_end = 13 + 12;
    let rest = bytes.split_off(colors_end);
    [bytes, block.to_vec(), rest].concat()
}

fn webp(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    WebPEncoder::new(&mut bytes)
        .encode(
            &pixels(width, height, 4),
            width,
            height,
            image_webp::ColorType::Rgba8,
        )
        .unwrap();
    bytes
}

fn webp_with(width: u32, height: u32, exif: &[u8], xmp: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = WebPEncoder::new(&mut bytes);
    encoder.set_exif_metadata(exif.to_vec());
    encoder.set_xmp_metadata(xmp.to_vec());
    encoder
        .encode(
            &pixels(width, height, 4),
            width,
            height,
            image_webp::ColorType::Rgba8,
        )
        .unwrap();
    bytes
}

fn riff_chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap();
    let mut chunk = [&name[..], &length.to_le_bytes(), content].concat();
    if chunk.len() % 2 == 1 {
        chunk.push(0);
    }
    chunk
}

fn riff(kind: &[u8; 4], chunks: &[Vec<u8>]) -> Vec<u8> {
    riff_chunk(b"RIFF", &[kind.to_vec(), chunks.concat()].concat())
}

fn animated_webp(frames: usize) -> Vec<u8> {
    let picture = webp(8, 8).split_off(12);
    let frame = [
        &[0, 0, 0, 0, 0, 0, 7, 0, 0, 7, 0, 0, 100, 0, 0, 0][..],
        &picture,
    ]
    .concat();
    let mut chunks = vec![
        riff_chunk(b"VP8X", &[0x12, 0, 0, 0, 7, 0, 0, 7, 0, 0]),
        riff_chunk(b"ANIM", &[0; 6]),
    ];
    chunks.resize(frames + 2, riff_chunk(b"ANMF", &frame));
    riff(b"WEBP", &chunks)
}

// --- Video and sound ---

fn mp4_box(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 8).unwrap();
    [&length.to_be_bytes()[..], name, content].concat()
}

fn mp4_track(handler: &[u8; 4], width: u32, height: u32, is_turned: bool) -> Vec<u8> {
    let mut header = vec![0; 84];
    let one: &[usize] = if is_turned { &[44, 52] } else { &[40, 56] };
    for at in one {
        header[at + 1] = 1;
    }
    header[76..80].copy_from_slice(&(width << 16).to_be_bytes());
    header[80..].copy_from_slice(&(height << 16).to_be_bytes());
    let handler = mp4_box(b"hdlr", &[&[0; 8], &handler[..], &[0; 13]].concat());
    let media = mp4_box(b"mdia", &handler);
    mp4_box(b"trak", &[mp4_box(b"tkhd", &header), media].concat())
}

/// Three and a half seconds.
fn mp4(brand: &[u8; 4], tracks: &[Vec<u8>], more: &[Vec<u8>]) -> Vec<u8> {
    let mut header = vec![0; 100];
    header[12..16].copy_from_slice(&600_u32.to_be_bytes());
    header[16..20].copy_from_slice(&2100_u32.to_be_bytes());
    let movie = [mp4_box(b"mvhd", &header), tracks.concat(), more.concat()].concat();
    [
        mp4_box(b"ftyp", &[&brand[..], &[0; 4], b"isom"].concat()),
        mp4_box(b"mdat", b"pictures and sound"),
        mp4_box(b"moov", &movie),
    ]
    .concat()
}

fn video() -> Vec<u8> {
    mp4(b"isom", &[mp4_track(b"vide", 640, 360, false)], &[])
}

fn element(name: &[u8], content: &[u8]) -> Vec<u8> {
    let length = 0x4000 | u16::try_from(content.len()).unwrap();
    [name, &length.to_be_bytes(), content].concat()
}

/// As browsers record it: of no length, with a cluster that is not at its end.
fn webm(doc_type: &[u8], info: &[u8], track_types: &[u8]) -> Vec<u8> {
    let tracks = track_types.iter().map(|track_type| {
        let mut track = element(&[0x83], &[*track_type]);
        if *track_type == 1 {
            let size = [element(&[0xb0], &[2, 128]), element(&[0xba], &[1, 224])];
            track.extend(element(&[0xe0], &size.concat()));
        }
        element(&[0xae], &track)
    });
    [
        element(&[0x1a, 0x45, 0xdf, 0xa3], &element(&[0x42, 0x82], doc_type)),
        b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff".to_vec(),
        element(&[0x15, 0x49, 0xa9, 0x66], info),
        element(
            &[0x16, 0x54, 0xae, 0x6b],
            &tracks.collect::<Vec<_>>().concat(),
        ),
        b"\x1f\x43\xb6\x75\x01\xff\xff\xff\xff\xff\xff\xffsound and pictures".to_vec(),
    ]
    .concat()
}

fn webm_length(ms: f64) -> Vec<u8> {
    element(&[0x44, 0x89], &ms.to_be_bytes())
}

/// Frames of 26 ms: MPEG 1, layer 3, 128 kbit/s, 44.1 kHz.
fn mp3(frames: usize) -> Vec<u8> {
    let mut frame = vec![0xff, 0xfb, 0x90, 0];
    frame.resize(417, 0);
    frame.repeat(frames)
}

/// Frames of 23 ms: AAC-LC, 44.1 kHz, stereo.
fn aac(frames: usize) -> Vec<u8> {
    let mut frame = vec![0xff, 0xf1, 0x50, 0x80, 0x19, 0x1f, 0xfc];
    frame.resize(200, 0);
    frame.repeat(frames)
}

/// Half a second.
fn wav() -> Vec<u8> {
    let mut header = vec![1, 0, 1, 0];
    header.extend(8000_u32.to_le_bytes());
    header.extend(8000_u32.to_le_bytes());
    header.extend([1, 0, 8, 0]);
    riff(
        b"WAVE",
        &[
            riff_chunk(b"fmt ", &header),
            riff_chunk(b"data", &[128; 4000]),
        ],
    )
}

/// Two seconds by its header.
fn flac() -> Vec<u8> {
    let mut info = vec![0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0];
    // 44,100 Hz in 20 bits, two channels, 16 bits, and 88,200 samples in 36
    info.extend((44_100_u64 << 44 | 1 << 41 | 15 << 36 | 88_200).to_be_bytes());
    info.extend([0; 16]);
    [
        b"fLaC\x80\0\0\x22".to_vec(),
        info,
        vec![0xff, 0xf8, 0, 0, 0, 0, 0, 0],
    ]
    .concat()
}

fn ogg_page(flags: u8, number: u32, granule: u64, packet: &[u8]) -> Vec<u8> {
    let mut page = b"OggS\0".to_vec();
    page.push(flags);
    page.extend(granule.to_le_bytes());
    page.extend(7_u32.to_le_bytes());
    page.extend(number.to_le_bytes());
    page.extend([0; 4]);
    page.extend([1, u8::try_from(packet.len()).unwrap()]);
    page.extend(packet);
    let crc = page.iter().fold(0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
            if crc >> 31 == 1 {
                crc << 1 ^ 0x04c1_1db7
            } else {
                crc << 1
            }
        })
    });
    page[22..26].copy_from_slice(&crc.to_le_bytes());
    page
}

/// One second.
fn ogg() -> Vec<u8> {
    [
        ogg_page(2, 0, 0, b"OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0"),
        ogg_page(0, 1, 0, b"OpusTags\x01\0\0\0x\0\0\0\0"),
        ogg_page(4, 2, 48_000, &[0xfc; 100]),
    ]
    .concat()
}

fn text_of(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn samples() -> Vec<(&'static str, Kind, Vec<u8>)> {
    vec![
        ("image/jpeg", Kind::Image, jpeg(16, 8, &[])),
        ("image/png", Kind::Image, png(16, 8, &[])),
        ("image/gif", Kind::Gif, gif(16, 8, 2)),
        ("image/gif", Kind::Image, gif(16, 8, 1)),
        ("image/webp", Kind::Image, webp(16, 8)),
        ("image/webp", Kind::Gif, animated_webp(2)),
        ("video/mp4", Kind::Video, video()),
        (
            "video/quicktime",
            Kind::Video,
            mp4(b"qt  ", &[mp4_track(b"vide", 640, 360, false)], &[]),
        ),
        (
            "audio/mp4",
            Kind::Audio,
            mp4(b"M4A ", &[mp4_track(b"soun", 0, 0, false)], &[]),
        ),
        ("video/webm", Kind::Video, webm(b"webm", &[], &[2, 1])),
        ("audio/webm", Kind::Audio, webm(b"webm", &[], &[2])),
        ("video/x-matroska", Kind::File, webm(b"matroska", &[], &[1])),
        ("audio/mpeg", Kind::Audio, mp3(10)),
        ("audio/aac", Kind::Audio, aac(10)),
        ("audio/wav", Kind::Audio, wav()),
        ("audio/flac", Kind::Audio, flac()),
        ("audio/ogg", Kind::Audio, ogg()),
        (
            "text/plain",
            Kind::File,
            text_of("Grüße, 世界\r\n\tx < y 👋"),
        ),
        ("text/plain", Kind::File, text_of("\u{feff}a,b\n1,2\n")),
        ("application/pdf", Kind::File, text_of("%PDF-1.7\n%\u{e4}")),
        (
            "application/zip",
            Kind::File,
            b"PK\x03\x04\x14\0\0\0\0\0".to_vec(),
        ),
        (
            "application/gzip",
            Kind::File,
            b"\x1f\x8b\x08\0\0\0\0\0".to_vec(),
        ),
        ("image/bmp", Kind::File, b"BM\x9a\0\0\0\0\0\0\0".to_vec()),
        (
            "image/heif",
            Kind::File,
            b"\0\0\0\x18ftypheic\0\0\0\0heicmif1".to_vec(),
        ),
        (
            "image/avif",
            Kind::File,
            b"\0\0\0\x18ftypavif\0\0\0\0avifmif1".to_vec(),
        ),
        (OCTET_STREAM, Kind::File, Vec::new()),
        (OCTET_STREAM, Kind::File, b"\x01\x02\x03\x04".to_vec()),
        (OCTET_STREAM, Kind::File, b"text \xff".to_vec()),
        (OCTET_STREAM, Kind::File, b"text \0".to_vec()),
        (OCTET_STREAM, Kind::File, b"cut short \xc3".to_vec()),
    ]
}

#[test]
fn a_file_is_what_its_content_is() {
    for (media_type, kind, bytes) in samples() {
        let inspected = look_at(&bytes);
        assert_eq!(inspected.media_type, media_type);
        assert_eq!(inspected.kind(), kind, "{media_type}");
        assert_eq!(
            is_safe_inline(media_type),
            kind != Kind::File,
            "{media_type}"
        );
        assert_eq!(inspected.name, "photo.jpg");
        assert_eq!(inspected.cleaned, None, "{media_type}");
    }
}

#[test]
fn nothing_that_could_hold_a_script_is_safe_inline() {
    for media_type in [
        "text/html",
        "text/plain",
        "text/xml",
        "application/xml",
        "application/xhtml+xml",
        "application/pdf",
        "image/svg+xml",
        "image/bmp",
        "image/heif",
        OCTET_STREAM,
        "",
    ] {
        assert!(!is_safe_inline(media_type), "{media_type}");
        assert_eq!(kind_of(media_type), Kind::File, "{media_type}");
    }
}

#[test]
fn what_a_browser_might_take_for_a_document_is_a_file() {
    let utf_16: Vec<u8> = "\u{feff}<svg/>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for bytes in [
        b"<html><body>x".to_vec(),
        b"\xef\xbb\xbf \r\n\t<!-- x --> <script>".to_vec(),
        b"<?xml version='1.0'?><svg xmlns='x'/>".to_vec(),
        b"<a href=x>".to_vec(),
        b"words, then <SvG onload=x>".to_vec(),
        [b"x".repeat(1400), b"<ScRiPt src=x>".to_vec()].concat(),
        utf_16,
        // In the colours of a picture, which have to stay
        {
            let mut bytes = gif(4, 4, 1);
            bytes[13..20].copy_from_slice(b"<script");
            bytes
        },
        [
            mp4_box(b"ftyp", b"isom\0\0\0\0<html>"),
            video().split_off(20),
        ]
        .concat(),
        [b"ID3\x04\0\0\0\0\0\x0a<html>    ".to_vec(), mp3(10)].concat(),
    ] {
        assert_eq!(
            type_of(&bytes),
            OCTET_STREAM,
            "{:?}",
            String::from_utf8_lossy(&bytes)
        );
    }
}

#[test]
fn an_image_ends_where_it_ends() {
    for bytes in [
        jpeg(16, 8, &[]),
        png(16, 8, &[]),
        gif(16, 8, 2),
        webp(16, 8),
        animated_webp(2),
    ] {
        let inspected = look_at(&[&bytes, TRAILING].concat());
        assert_eq!(inspected.kind() == Kind::Gif, inspected.is_animated);
        assert_ne!(inspected.media_type, OCTET_STREAM);
        assert_eq!(inspected.cleaned, Some(bytes));
    }
}

#[test]
fn what_is_not_seen_in_an_image_is_left_out() {
    let secret = [PLACE, b"<script>"].concat();
    let text = [b"Comment\0", &secret[..]].concat();
    let extension = [&[0x21, 0xfe, 26][..], &secret, &[0]].concat();
    let application = [&[0x21, 0xff, 11][..], b"XMP DataXMP\x1a", &secret, &[0]].concat();
    let xmp = [b"http://ns.adobe.com/xap/1.0/\0", &secret[..]].concat();
    let iptc = [b"Photoshop 3.0\0", &secret[..]].concat();
    for bytes in [
        jpeg(
            16,
            8,
            &[exif_segment(1), (1, xmp), (13, iptc), (5, secret.clone())],
        ),
        png(
            16,
            8,
            &[
                png_chunk(b"tEXt", &text),
                png_chunk(b"iTXt", &text),
                png_chunk(b"eXIf", &exif_of(1)),
                png_chunk(b"prVt", &secret),
            ],
        ),
        gif_with(&[extension, application].concat()),
        webp_with(16, 8, &exif_of(1), &secret),
    ] {
        assert!(holds(&bytes, PLACE));
        let inspected = look_at(&bytes);
        assert_ne!(inspected.media_type, OCTET_STREAM);
        let cleaned = inspected.cleaned.unwrap();
        assert!(!holds(&cleaned, PLACE) && !holds(&cleaned, b"Cam") && !holds(&cleaned, b"script"));
        // Once clean it stays as it is, and the same picture.
        let again = look_at(&cleaned);
        assert_eq!(again.media_type, inspected.media_type);
        assert_eq!(again.cleaned, None);
        assert_eq!(
            (again.width, again.height),
            (inspected.width, inspected.height)
        );
    }
}

/// The colours of a thumbnail's corners: top left, top right, bottom left.
fn corners(thumbnail: &Thumbnail) -> [char; 3] {
    let mut decoder = zune_jpeg::JpegDecoder::new(Cursor::new(&thumbnail.bytes));
    let pixels = decoder.decode().unwrap();
    let (width, height) = decoder.dimensions().unwrap();
    assert_eq!(
        (width, height),
        (thumbnail.width as usize, thumbnail.height as usize)
    );
    [(2, 2), (width - 3, 2), (2, height - 3)].map(|(x, y)| {
        let start = (y * width + x) * 3;
        let [red, green, blue] = [0, 1, 2].map(|part| pixels[start + part] > 130);
        match (red, green, blue) {
            (true, false, false) => 'r',
            (false, true, false) => 'g',
            (false, false, true) => 'b',
            _ => '?',
        }
    })
}

#[test]
fn an_image_is_shown_the_right_way_up() {
    for (orientation, corners_shown) in [
        (1, ['r', 'g', 'b']),
        (2, ['g', 'r', 'g']),
        (3, ['g', 'b', 'g']),
        (4, ['b', 'g', 'r']),
        (5, ['r', 'b', 'g']),
        (6, ['b', 'r', 'g']),
        (7, ['g', 'g', 'b']),
        (8, ['g', 'g', 'r']),
    ] {
        let noise = vec![(5, vec![1; 60_000]), exif_segment(orientation)];
        let bytes = jpeg(800, 400, &noise);
        let inspected = look_at(&bytes);
        let is_turned = orientation >= 5;
        let (long, short) = if is_turned { (400, 800) } else { (800, 400) };
        assert_eq!(
            (inspected.width, inspected.height),
            (Some(long), Some(short))
        );
        let thumbnail = inspected.thumbnail.unwrap();
        assert_eq!(thumbnail.media_type, "image/jpeg");
        let (long, short) = if is_turned { (320, 640) } else { (640, 320) };
        assert_eq!((thumbnail.width, thumbnail.height), (long, short));
        assert_eq!(corners(&thumbnail), corners_shown, "{orientation}");
        let cleaned = inspected.cleaned.unwrap();
        assert!(!holds(&cleaned, PLACE));
        // What is kept says it still.
        assert_eq!(look_at(&cleaned).width, inspected.width);
        assert_eq!(holds(&cleaned, b"Exif"), orientation != 1);
        // A PNG is turned by browsers too, a WebP is not.
        let turned_png = png(16, 8, &[png_chunk(b"eXIf", &exif_of(orientation))]);
        let shown = if is_turned { (8, 16) } else { (16, 8) };
        for (bytes, (width, height)) in [
            (turned_png, shown),
            (webp_with(16, 8, &exif_of(orientation), b""), (16, 8)),
        ] {
            let inspected = look_at(&bytes);
            let again = look_at(&inspected.cleaned.unwrap());
            for size in [
                (inspected.width, inspected.height),
                (again.width, again.height),
            ] {
                assert_eq!(size, (Some(width), Some(height)));
            }
        }
    }
}

#[test]
fn a_colour_profile_is_kept_and_a_small_one_goes_with_the_thumbnail() {
    let mut profile = vec![7; 400];
    profile[16..20].copy_from_slice(b"RGB ");
    let segment = [b"ICC_PROFILE\0\x01\x01", &profile[..]].concat();
    let chunk = png_chunk(b"iCCP", &[b"name\0\0".to_vec(), zlib(&profile)].concat());
    for bytes in [jpeg(800, 400, &[(2, segment)]), png(800, 400, &[chunk])] {
        let inspected = look_at(&bytes);
        assert_eq!(inspected.cleaned, None);
        assert!(holds(&inspected.thumbnail.unwrap().bytes, &profile));
    }
}

#[test]
fn a_thumbnail_is_small_and_a_small_image_is_its_own() {
    for (bytes, size) in [
        (jpeg(2000, 1000, &[]), Some((640, 320))),
        (png(700, 1400, &[]), Some((320, 640))),
        (png(2000, 1, &[]), Some((640, 1))),
        (gif(641, 641, 1), Some((640, 640))),
        (webp(1280, 640), Some((640, 320))),
        (gif(16, 8, 2), Some((16, 8))),
        (animated_webp(2), Some((8, 8))),
        (jpeg(640, 640, &[]), None),
        (png(16, 8, &[]), None),
    ] {
        let thumbnail = look_at(&bytes).thumbnail;
        assert!(
            thumbnail
                .iter()
                .all(|small| small.bytes.len() <= thumbnail::BYTES_WANTED)
        );
        // And is an image as any other.
        if let Some(small) = &thumbnail {
            let inspected = look_at(&small.bytes);
            assert_eq!(inspected.media_type, small.media_type);
            assert_eq!(inspected.cleaned, None);
        }
        assert_eq!(thumbnail.map(|small| (small.width, small.height)), size);
    }
}

#[test]
fn no_thumbnail_has_wrong_colours() {
    for (is_in_scans, sampling, is_progressive) in [
        (false, jpeg_encoder::SamplingFactor::F_2_2, false),
        (false, jpeg_encoder::SamplingFactor::F_2_1, false),
        (false, jpeg_encoder::SamplingFactor::F_1_1, false),
        (false, jpeg_encoder::SamplingFactor::F_2_2, true),
        (true, jpeg_encoder::SamplingFactor::F_2_2, false),
    ] {
        let mut bytes = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
        encoder.set_sampling_factor(sampling);
        encoder.set_progressive(is_progressive);
        // Which this encoder does with a scan for each colour.
        encoder.set_optimized_huffman_tables(is_in_scans);
        let picture = pixels(801, 403, 3);
        encoder
            .encode(&picture, 801, 403, jpeg_encoder::ColorType::Rgb)
            .unwrap();
        let inspected = look_at(&bytes);
        assert_eq!(inspected.width, Some(801));
        let colours = inspected.thumbnail.map(|thumbnail| corners(&thumbnail));
        assert_eq!(colours, (!is_in_scans).then_some(['r', 'g', 'b']));
    }
}

#[test]
fn a_transparent_image_has_a_transparent_thumbnail_as_long_as_it_is_small() {
    let mut pixels = pixels(700, 700, 4);
    pixels[3] = 0;
    pixels[7] = 0;
    let thumbnail = look_at(&png_of(700, 700, &pixels, &[])).thumbnail.unwrap();
    assert_eq!(thumbnail.media_type, "image/webp");
    let mut noise = 1_u32;
    for part in &mut pixels {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *part = (noise >> 24) as u8;
    }
    let thumbnail = look_at(&png_of(700, 700, &pixels, &[])).thumbnail.unwrap();
    assert_eq!(thumbnail.media_type, "image/jpeg");
}

#[test]
fn what_unpacks_to_very_much_costs_little() {
    let begun = Instant::now();
    // 60,000 x 60,000 in 1 KB
    let mut header = [60_000_u32.to_be_bytes(), 60_000_u32.to_be_bytes()].concat();
    header.extend([8, 6, 0, 0, 0]);
    let bomb = [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        png_chunk(b"IHDR", &header),
        png_chunk(b"IDAT", &zlib(&[0; 100_000])),
        png_chunk(b"IEND", b""),
    ];
    assert_eq!(type_of(&bomb.concat()), OCTET_STREAM);
    // A row of 40,000,000
    header[..8].copy_from_slice(&[2, 0x62, 0x5a, 0, 0, 0, 0, 1]);
    let bomb = [&bomb[..1], &[png_chunk(b"IHDR", &header)], &bomb[2..]].concat();
    assert_eq!(type_of(&bomb.concat()), OCTET_STREAM);
    let packed = zlib(&vec![0; 64 * 1024 * 1024]);
    for name in [b"zTXt", b"iCCP"] {
        let chunk = png_chunk(name, &[b"name\0\0", &packed[..]].concat());
        let inspected = look_at(&png(16, 8, &[chunk]));
        assert_eq!(inspected.media_type, "image/png");
        assert_eq!(inspected.cleaned, Some(png(16, 8, &[])));
    }
    let inspected = look_at(&gif(4, 4, 10_000));
    assert_eq!(
        (inspected.media_type.as_str(), inspected.is_animated),
        ("image/gif", true)
    );
    // A canvas and a frame of 65,535 x 65,535 around four pixels
    let mut vast = gif(4, 4, 1);
    vast[6..10].fill(0xff);
    assert_eq!(type_of(&vast), OCTET_STREAM);
    let mut frame = gif(4, 4, 1);
    let at = frame.iter().rposition(|byte| *byte == 0x2c).unwrap();
    frame[at + 5..at + 9].fill(0xff);
    assert_eq!(type_of(&frame), OCTET_STREAM);
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn an_image_that_is_too_large_is_a_file_without_its_place() {
    let bytes = jpeg(16, 8, &[exif_segment(6)]);
    let sof = bytes
        .windows(2)
        .position(|marker| marker == [0xff, 0xc0])
        .unwrap();
    let mut vast = bytes;
    vast[sof + 5..sof + 9].copy_from_slice(&[0x40, 0, 0x40, 0]);
    let inspected = look_at(&vast);
    assert_eq!(inspected.media_type, OCTET_STREAM);
    assert!(inspected.thumbnail.is_none() && inspected.width.is_none());
    assert!(!holds(&inspected.cleaned.unwrap(), PLACE));
}

#[test]
fn more_bytes_than_an_image_has_are_not_read() {
    let mut file = file_of(&jpeg(16, 8, &[]));
    file.set_len(IMAGE_BYTES_MAX + 1).unwrap();
    let inspected = inspect(&mut file, IMAGE_BYTES_MAX + 1, "").unwrap();
    assert_eq!(inspected.media_type, OCTET_STREAM);
    assert_eq!(inspected.name, "file");
}

#[test]
fn a_video_has_its_size_as_shown_and_its_length() {
    let inspected = look_at(&video());
    assert_eq!((inspected.width, inspected.height), (Some(640), Some(360)));
    assert_eq!(inspected.duration_ms, Some(3500));
    assert!(!inspected.is_file_changed);
    let turned = mp4(b"isom", &[mp4_track(b"vide", 640, 360, true)], &[]);
    assert_eq!(look_at(&turned).width, Some(360));
    let inspected = look_at(&webm(b"webm", &webm_length(1234.5), &[1]));
    assert_eq!((inspected.width, inspected.height), (Some(640), Some(480)));
    assert_eq!(inspected.duration_ms, Some(1234));
    for length in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300] {
        assert_eq!(
            look_at(&webm(b"webm", &webm_length(length), &[1])).duration_ms,
            None
        );
    }
    // As a browser records it
    assert_eq!(look_at(&webm(b"webm", &[], &[1])).duration_ms, None);
}

#[test]
fn sound_has_its_length() {
    for (bytes, duration_ms) in [
        (mp3(100), 2612),
        (aac(100), 2322),
        (wav(), 500),
        (flac(), 2000),
        (ogg(), 1000),
    ] {
        let inspected = look_at(&bytes);
        let found = inspected.duration_ms.unwrap();
        assert!(
            found.abs_diff(duration_ms) < 80,
            "{}: {found}",
            inspected.media_type
        );
    }
    // With a picture on its cover
    let tag = [
        b"ID3\x03\0\0\0\0\x1f\x00APIC\0\0\x0f\x60\0\0".to_vec(),
        vec![0; 3958],
    ]
    .concat();
    let inspected = look_at(&[tag, mp3(100)].concat());
    assert_eq!(inspected.media_type, "audio/mpeg");
}

#[test]
fn where_a_video_was_recorded_is_overwritten_in_place() {
    let place = mp4_box(b"udta", &mp4_box(b"\xa9xyz", PLACE));
    let apple = mp4_box(
        b"meta",
        &[
            mp4_box(b"keys", b"com.apple.quicktime.location.ISO6709"),
            mp4_box(b"ilst", PLACE),
        ]
        .concat(),
    );
    let xmp = mp4_box(b"uuid", PLACE);
    let mut track = mp4_track(b"vide", 640, 360, false);
    track.extend(&place);
    let length = u32::try_from(track.len()).unwrap();
    track[..4].copy_from_slice(&length.to_be_bytes());
    let way = mp4_track(b"meta", 0, 0, false);
    let bytes = mp4(b"qt  ", &[track, way], &[place, apple, xmp.clone()]);
    let bytes = [bytes, xmp].concat();
    let mut file = file_of(&bytes);
    let inspected = inspect(&mut file, bytes.len() as u64, "x").unwrap();
    assert_eq!(inspected.media_type, "video/quicktime");
    assert!(inspected.is_file_changed && inspected.cleaned.is_none());
    let mut cleaned = Vec::new();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.read_to_end(&mut cleaned).unwrap();
    assert_eq!(cleaned.len(), bytes.len());
    assert!(holds(&bytes, PLACE) && !holds(&cleaned, PLACE) && !holds(&cleaned, b"ISO6709"));
    assert!(holds(&cleaned, b"pictures and sound"));
    let again = look_at(&cleaned);
    assert!(!again.is_file_changed);
    assert_eq!((again.width, again.duration_ms), (Some(640), Some(3500)));
}

#[test]
fn a_file_that_cannot_be_overwritten_is_an_error_and_not_a_leak() {
    let bytes = mp4(
        b"isom",
        &[mp4_track(b"vide", 2, 2, false)],
        &[mp4_box(b"udta", PLACE)],
    );
    let path = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(path.path(), &bytes).unwrap();
    let mut file = File::open(path.path()).unwrap();
    inspect(&mut file, bytes.len() as u64, "x").unwrap_err();
}

#[test]
fn what_is_cut_short_is_no_image_and_breaks_nothing() {
    for (media_type, _, bytes) in samples() {
        for length in 0..bytes.len() {
            let inspected = look_at(&bytes[..length]);
            if media_type.starts_with("image/") && is_safe_inline(media_type) {
                assert!(
                    !is_safe_inline(&inspected.media_type),
                    "{media_type} of {length} bytes: {}",
                    inspected.media_type
                );
            }
        }
    }
}

#[test]
fn a_flipped_byte_breaks_nothing() {
    for (_, _, bytes) in samples() {
        for at in 0..bytes.len().min(600) {
            for value in [0, 0x7f, 0xff] {
                let mut broken = bytes.clone();
                broken[at] = value;
                look_at(&broken);
            }
        }
    }
}

#[test]
fn boxes_and_elements_without_end_are_given_up() {
    let begun = Instant::now();
    let boxes = mp4_box(b"free", b"").repeat(1_000_000);
    assert_eq!(type_of(&[video(), boxes].concat()), OCTET_STREAM);
    let elements = element(&[0xec], b"").repeat(1_000_000);
    let start = &webm(b"webm", &[], &[])[..23];
    assert_eq!(type_of(&[start, &elements].concat()), OCTET_STREAM);
    // In one another
    for name in [&[0x18_u8, 0x53, 0x80, 0x67][..], &[0xe0], &[0xae]] {
        let deep = [name, &[0xff]].concat().repeat(100_000);
        assert_eq!(type_of(&[&start[..11], &deep].concat()), OCTET_STREAM);
    }
    assert!(begun.elapsed() < Duration::from_secs(5));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn whatever_comes_behind_the_first_bytes_breaks_nothing(
        first in 0..30_usize,
        kept in 0..80_usize,
        rest in proptest::collection::vec(any::<u8>(), 0..3000),
    ) {
        let (_, _, bytes) = &samples()[first];
        let kept = kept.min(bytes.len());
        let inspected = look_at(&[&bytes[..kept], &rest].concat());
        prop_assert!(inspected.duration_ms.is_none_or(|ms| ms > 0));
    }
}
