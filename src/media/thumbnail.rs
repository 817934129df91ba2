//! The small picture that stands for a large one.

use image_webp::WebPEncoder;
use jpeg_encoder::{Encoder, SamplingFactor};

use super::{Thumbnail, exif};

/// As wide as a message is on a screen of two dots a pixel.
pub const SIDE_MAX: u32 = 640;
/// Of a transparent picture that has to be kept exactly, which takes several times the bytes.
const SIDE_SMALL: u32 = 320;
/// A page of fifty pictures is then three megabytes.
pub const BYTES_WANTED: usize = 60 * 1024;
/// Tried in turn until it is small enough; the last one is taken as it comes.
const QUALITIES: [u8; 3] = [80, 65, 45];
/// The profiles of phones and screens have some 500 to 3,000 bytes; others are not worth their weight in a thumbnail.
pub const PROFILE_BYTES_MAX: usize = 4 * 1024;

/// How a decoder gives its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    Gray,
    GrayAlpha,
    Rgb,
    Rgba,
}

impl Layout {
    pub fn pixel_bytes(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

/// Red, green, blue, each times the fourth: how opaque it is.
type Sum = [f32; 4];

/// Makes a picture small while it comes, a row at a time, so that it is never in memory twice. Each pixel that goes
/// out is the average of the area it covers.
pub struct Shrinker {
    width: u32,
    height: u32,
    small_width: u32,
    small_height: u32,
    rows_taken: u32,
    /// Of each column: the small one that it begins in, how much of it (of 1) it covers there, and how much in the next.
    columns: Vec<(usize, f32, f32)>,
    /// The row that is coming, made narrow.
    narrow: Vec<Sum>,
    /// The small row that is being added up, and how many are done.
    adding: Vec<Sum>,
    next: Vec<Sum>,
    done: Vec<u8>,
}

impl Shrinker {
    pub fn new(width: u32, height: u32) -> Self {
        Self::to(width, height, SIDE_MAX)
    }

    fn to(width: u32, height: u32, side_max: u32) -> Self {
        let (small_width, small_height) = fit(width, height, side_max);
        let row = vec![Sum::default(); small_width as usize + 1];
        Self {
            width,
            height,
            small_width,
            small_height,
            rows_taken: 0,
            columns: (0..width)
                .map(|index| share(index, width, small_width))
                .collect(),
            narrow: row.clone(),
            adding: row.clone(),
            next: row,
            done: Vec::with_capacity((small_width * small_height * 4) as usize),
        }
    }

    /// None when it is not as wide as it was said to be, or one too many.
    pub fn take_row(&mut self, row: &[u8], layout: Layout) -> Option<()> {
        if self.rows_taken == self.height || row.len() != self.width as usize * layout.pixel_bytes()
        {
            return None;
        }
        self.narrow.fill(Sum::default());
        match layout {
            Layout::Gray => self.narrow(row.iter().map(|gray| {
                let gray = f32::from(*gray);
                [gray, gray, gray, 255.0]
            })),
            Layout::GrayAlpha => self.narrow(row.as_chunks().0.iter().map(|[gray, alpha]| {
                let gray = f32::from(*gray) * f32::from(*alpha) / 255.0;
                [gray, gray, gray, f32::from(*alpha)]
            })),
            Layout::Rgb => self.narrow(row.as_chunks().0.iter().map(|[red, green, blue]| {
                [f32::from(*red), f32::from(*green), f32::from(*blue), 255.0]
            })),
            Layout::Rgba => {
                self.narrow(row.as_chunks().0.iter().map(|[red, green, blue, alpha]| {
                    let alpha = f32::from(*alpha);
                    let part = alpha / 255.0;
                    [
                        f32::from(*red) * part,
                        f32::from(*green) * part,
                        f32::from(*blue) * part,
                        alpha,
                    ]
                }))
            }
        }
        let (small_row, here, there) = share(self.rows_taken, self.height, self.small_height);
        for ((sum, next), narrow) in self.adding.iter_mut().zip(&mut self.next).zip(&self.narrow) {
            for part in 0..4 {
                sum[part] += narrow[part] * here;
                next[part] += narrow[part] * there;
            }
        }
        self.rows_taken += 1;
        let (small_row_after, ..) = share(self.rows_taken, self.height, self.small_height);
        if small_row_after != small_row {
            self.put_row();
        }
        Some(())
    }

    fn narrow(&mut self, pixels: impl Iterator<Item = Sum>) {
        for (pixel, (column, here, there)) in pixels.zip(&self.columns) {
            if let [sum, next, ..] = &mut self.narrow[*column..] {
                for part in 0..4 {
                    sum[part] += pixel[part] * here;
                    next[part] += pixel[part] * there;
                }
            }
        }
    }

    fn put_row(&mut self) {
        for [red, green, blue, alpha] in &self.adding[..self.small_width as usize] {
            let whole = if *alpha > 0.5 { 255.0 / alpha } else { 0.0 };
            // As much of a number as fits: `as` holds at 0 and 255.
            for value in [red * whole, green * whole, blue * whole, *alpha] {
                self.done.push((value + 0.5) as u8);
            }
        }
        std::mem::swap(&mut self.adding, &mut self.next);
        self.next.fill(Sum::default());
    }

    /// None when rows are missing.
    pub fn finish(self) -> Option<Picture> {
        (self.rows_taken == self.height).then_some(Picture {
            width: self.small_width,
            height: self.small_height,
            pixels: self.done,
        })
    }
}

/// Of one column (or row) of `count`: the one of `small_count` that it begins in, how much it covers of that, and how
/// much of the next.
fn share(index: u32, count: u32, small_count: u32) -> (usize, f32, f32) {
    let (index, count, small_count) = (u64::from(index), u64::from(count), u64::from(small_count));
    let small = index * small_count / count;
    // In parts of 1 / count of a small one.
    let to_next = (small + 1) * count - index * small_count;
    let here = to_next.min(small_count);
    let part = |length: u64| length as f32 / count as f32;
    (
        usize::try_from(small).unwrap_or(usize::MAX),
        part(here),
        part(small_count - here),
    )
}

/// Within a square, never larger, never nothing.
fn fit(width: u32, height: u32, side_max: u32) -> (u32, u32) {
    let longer = width.max(height);
    if longer <= side_max {
        return (width, height);
    }
    let scaled = |side: u32| {
        let side =
            (u64::from(side) * u64::from(side_max) + u64::from(longer / 2)) / u64::from(longer);
        u32::try_from(side).unwrap_or(side_max).clamp(1, side_max)
    };
    (scaled(width), scaled(height))
}

/// Red, green, blue and how opaque, for each pixel.
pub struct Picture {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl Picture {
    /// The right way up.
    pub fn turned(self, orientation: u8) -> Self {
        if orientation == 1 {
            return self;
        }
        let (width, height) = exif::turned(orientation, self.width, self.height);
        let (last_x, last_y) = (self.width - 1, self.height - 1);
        let mut pixels = Vec::with_capacity(self.pixels.len());
        for y in 0..height {
            for x in 0..width {
                let (from_x, from_y) = match orientation {
                    2 => (last_x - x, y),
                    3 => (last_x - x, last_y - y),
                    4 => (x, last_y - y),
                    5 => (y, x),
                    6 => (y, last_y - x),
                    7 => (last_x - y, last_y - x),
                    8 => (last_x - y, x),
                    _ => (x, y),
                };
                let start = (from_y * self.width + from_x) as usize * 4;
                pixels.extend(&self.pixels[start..start + 4]);
            }
        }
        Self {
            width,
            height,
            pixels,
        }
    }

    fn is_opaque(&self) -> bool {
        self.pixels
            .iter()
            .skip(3)
            .step_by(4)
            .all(|alpha| *alpha == u8::MAX)
    }

    /// JPEG; WebP if it is transparent somewhere, smaller if it has to be, and on white if that is too much still.
    pub fn encode(self, profile: Option<&[u8]>) -> Option<Thumbnail> {
        let profile = profile.filter(|profile| profile.get(16..20) == Some(b"RGB "));
        if self.is_opaque() {
            return self.encode_jpeg(profile);
        }
        let webp = self.encode_webp(profile)?;
        if webp.bytes.len() <= BYTES_WANTED {
            return Some(webp);
        }
        let small = self.shrunk(SIDE_SMALL)?;
        let webp = small.encode_webp(profile)?;
        if webp.bytes.len() <= BYTES_WANTED {
            return Some(webp);
        }
        self.encode_jpeg(profile)
    }

    fn shrunk(&self, side_max: u32) -> Option<Self> {
        let mut shrinker = Shrinker::to(self.width, self.height, side_max);
        for row in self.pixels.chunks_exact(self.width as usize * 4) {
            shrinker.take_row(row, Layout::Rgba)?;
        }
        shrinker.finish()
    }

    fn encode_jpeg(&self, profile: Option<&[u8]>) -> Option<Thumbnail> {
        let on_white: Vec<u8> = self
            .pixels
            .as_chunks()
            .0
            .iter()
            .flat_map(|[red, green, blue, alpha]| {
                let (alpha, white) = (u32::from(*alpha), u32::from(u8::MAX - alpha) * 255);
                [red, green, blue].map(|part| ((u32::from(*part) * alpha + white) / 255) as u8)
            })
            .collect();
        let mut bytes = Vec::new();
        for quality in QUALITIES {
            bytes.clear();
            let mut encoder = Encoder::new(&mut bytes, quality);
            encoder.set_sampling_factor(SamplingFactor::F_2_2);
            if let Some(profile) = profile {
                encoder.add_icc_profile(profile).ok()?;
            }
            let (width, height) = (self.width.try_into().ok()?, self.height.try_into().ok()?);
            encoder
                .encode(&on_white, width, height, jpeg_encoder::ColorType::Rgb)
                .ok()?;
            if bytes.len() <= BYTES_WANTED {
                break;
            }
        }
        Some(self.as_thumbnail("image/jpeg", bytes))
    }

    fn encode_webp(&self, profile: Option<&[u8]>) -> Option<Thumbnail> {
        let mut bytes = Vec::new();
        let mut encoder = WebPEncoder::new(&mut bytes);
        if let Some(profile) = profile {
            encoder.set_icc_profile(profile.to_vec());
        }
        encoder
            .encode(
                &self.pixels,
                self.width,
                self.height,
                image_webp::ColorType::Rgba8,
            )
            .ok()?;
        Some(self.as_thumbnail("image/webp", bytes))
    }

    fn as_thumbnail(&self, media_type: &'static str, bytes: Vec<u8>) -> Thumbnail {
        Thumbnail {
            media_type,
            width: self.width,
            height: self.height,
            bytes,
        }
    }
}
