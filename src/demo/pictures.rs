//! The pictures of the demo, drawn: landscapes, and a portrait for each of its people. Nobody's rights, and no files.

use std::f32::consts::TAU;

use super::DemoError;

const LANDSCAPE: (u32, u32) = (1_200, 800);
const PORTRAIT_PX: u32 = 256;

type Colour = [f32; 3];

/// A sky from top to horizon, a sun, and hills from far to near.
struct Landscape {
    name: &'static str,
    sky: [Colour; 2],
    /// Where, in parts of the width and the height, and how large, in parts of the height.
    sun: (f32, f32, f32),
    far: Colour,
    near: Colour,
    /// Where water begins, in parts of the height; 1 for none.
    water_from: f32,
    /// Above it the hills are white, in parts of the height; 0 for none.
    snow_above: f32,
    seed: f32,
}

const LANDSCAPES: [Landscape; 4] = [
    Landscape {
        name: "fjord",
        sky: [[0.16, 0.20, 0.42], [0.98, 0.62, 0.38]],
        sun: (0.62, 0.50, 0.055),
        far: [0.52, 0.36, 0.48],
        near: [0.08, 0.09, 0.18],
        water_from: 0.72,
        snow_above: 0.0,
        seed: 1.7,
    },
    Landscape {
        name: "snow",
        sky: [[0.22, 0.46, 0.80], [0.82, 0.92, 0.98]],
        sun: (0.22, 0.20, 0.045),
        far: [0.62, 0.74, 0.88],
        near: [0.16, 0.26, 0.42],
        water_from: 1.0,
        snow_above: 0.56,
        seed: 4.1,
    },
    Landscape {
        name: "lake",
        sky: [[0.42, 0.50, 0.70], [0.99, 0.84, 0.76]],
        sun: (0.40, 0.47, 0.04),
        far: [0.70, 0.66, 0.76],
        near: [0.20, 0.30, 0.36],
        water_from: 0.60,
        snow_above: 0.0,
        seed: 8.3,
    },
    Landscape {
        name: "ridge",
        sky: [[0.52, 0.70, 0.86], [0.94, 0.95, 0.90]],
        sun: (0.80, 0.16, 0.05),
        far: [0.58, 0.72, 0.66],
        near: [0.13, 0.32, 0.18],
        water_from: 1.0,
        snow_above: 0.0,
        seed: 12.9,
    },
];

const HILLS: u32 = 5;

/// Who, and the colours of background, skin, hair and clothes.
const PORTRAITS: [(&str, [Colour; 4]); 8] = [
    (
        "maya",
        [
            [0.96, 0.78, 0.50],
            [0.96, 0.80, 0.70],
            [0.86, 0.68, 0.38],
            [0.20, 0.42, 0.40],
        ],
    ),
    (
        "tomas",
        [
            [0.55, 0.76, 0.86],
            [0.84, 0.62, 0.46],
            [0.16, 0.11, 0.09],
            [0.78, 0.30, 0.26],
        ],
    ),
    (
        "priya",
        [
            [0.93, 0.62, 0.66],
            [0.72, 0.48, 0.34],
            [0.09, 0.07, 0.08],
            [0.96, 0.74, 0.24],
        ],
    ),
    (
        "kenji",
        [
            [0.66, 0.82, 0.62],
            [0.93, 0.76, 0.60],
            [0.12, 0.12, 0.14],
            [0.22, 0.30, 0.52],
        ],
    ),
    (
        "amara",
        [
            [0.98, 0.84, 0.42],
            [0.44, 0.28, 0.20],
            [0.07, 0.05, 0.05],
            [0.50, 0.24, 0.50],
        ],
    ),
    (
        "lena",
        [
            [0.72, 0.70, 0.90],
            [0.97, 0.84, 0.76],
            [0.62, 0.26, 0.14],
            [0.16, 0.18, 0.24],
        ],
    ),
    (
        "omar",
        [
            [0.54, 0.80, 0.76],
            [0.76, 0.55, 0.40],
            [0.14, 0.10, 0.09],
            [0.92, 0.90, 0.84],
        ],
    ),
    (
        "nora",
        [
            [0.90, 0.86, 0.80],
            [0.95, 0.79, 0.69],
            [0.36, 0.22, 0.15],
            [0.36, 0.54, 0.30],
        ],
    ),
];

/// Each picture's name and its PNG.
pub fn draw() -> Result<Vec<(String, Vec<u8>)>, DemoError> {
    let landscapes = LANDSCAPES.iter().map(|scene| {
        let (width, height) = LANDSCAPE;
        Ok((
            scene.name.to_owned(),
            png(width, height, |x, y| scene.at(x, y))?,
        ))
    });
    let portraits = PORTRAITS.iter().map(|(name, colours)| {
        let drawn = png(PORTRAIT_PX, PORTRAIT_PX, |x, y| portrait_at(colours, x, y))?;
        Ok(((*name).to_owned(), drawn))
    });
    landscapes.chain(portraits).collect()
}

impl Landscape {
    /// The colour at a place, both from 0 to 1.
    fn at(&self, x: f32, y: f32) -> Colour {
        if y > self.water_from {
            // What is above, upside down, darker, and broken by waves that grow towards us.
            let depth = (y - self.water_from) / (1.0 - self.water_from);
            let wave = (y * 260.0 / (0.3 + depth) + x * 9.0).sin() * 0.006 * depth;
            let mirrored = self.water_from - (y - self.water_from) * 0.8;
            return mix(
                self.above(x + wave, mirrored),
                self.near,
                0.25 + 0.3 * depth,
            );
        }
        self.above(x, y)
    }

    fn above(&self, x: f32, y: f32) -> Colour {
        let (sun_x, sun_y, size) = self.sun;
        let aspect = LANDSCAPE.0 as f32 / LANDSCAPE.1 as f32;
        let from_sun = (((x - sun_x) * aspect).powi(2) + (y - sun_y).powi(2)).sqrt();
        let mut colour = mix(
            self.sky[0],
            self.sky[1],
            (y / 0.62).clamp(0.0, 1.0).powf(1.3),
        );
        colour = mix(
            colour,
            [1.0, 0.93, 0.80],
            0.6 * (-from_sun / (size * 3.5)).exp(),
        );
        colour = mix(colour, [1.0, 0.97, 0.90], edge(size - from_sun));
        for hill in 0..HILLS {
            let nearness = hill as f32 / (HILLS - 1) as f32;
            let top = self.top(x, hill);
            let mut ground = mix(self.far, self.near, nearness);
            ground = mix(
                ground,
                self.far,
                (0.18 * (1.0 - (y - top) * 3.0)).clamp(0.0, 1.0),
            );
            let line = self.snow_above
                + 0.012
                    * ((x * 31.0 + self.seed).sin()
                        + 0.6 * (x * 83.0).sin()
                        + 0.4 * (x * 197.0).cos());
            let snow = edge(line - y) * (1.0 - 0.8 * nearness);
            ground = mix(ground, [0.97, 0.98, 1.0], snow);
            colour = mix(colour, ground, edge(y - top));
        }
        colour
    }

    /// Where a hill begins: waves upon waves, rougher the smaller.
    fn top(&self, x: f32, hill: u32) -> f32 {
        let base = 0.40 + 0.13 * hill as f32;
        let shift = self.seed + hill as f32 * 2.3;
        (1..=6).fold(base, |top, octave| {
            let frequency = (octave * octave) as f32;
            top - (x * TAU * frequency * 0.45 + shift * frequency.sqrt() * 3.1).sin() * 0.075
                / frequency
        })
    }
}

/// Shoulders, a neck, a head and hair.
fn portrait_at(colours: &[Colour; 4], x: f32, y: f32) -> Colour {
    let [background, skin, hair, clothes] = *colours;
    let mut colour = mix(background, [1.0, 1.0, 1.0], 0.25 * (1.0 - y));
    colour = mix(colour, hair, inside(x, y, (0.5, 0.42), (0.245, 0.275)));
    colour = mix(colour, clothes, inside(x, y, (0.5, 1.04), (0.40, 0.34)));
    let shade = mix(skin, [0.35, 0.18, 0.12], 0.22);
    colour = mix(colour, shade, inside(x, y, (0.5, 0.66), (0.085, 0.14)));
    colour = mix(colour, skin, inside(x, y, (0.5, 0.46), (0.185, 0.225)));
    let fringe =
        inside(x, y, (0.42, 0.27), (0.21, 0.105)).max(inside(x, y, (0.60, 0.29), (0.14, 0.10)));
    colour = mix(colour, hair, fringe);
    for side in [0.428, 0.572] {
        colour = mix(
            colour,
            [0.13, 0.10, 0.10],
            inside(x, y, (side, 0.455), (0.019, 0.023)),
        );
        colour = mix(
            colour,
            [0.90, 0.45, 0.42],
            0.25 * inside(x, y, (side + (side - 0.5) * 0.55, 0.535), (0.04, 0.025)),
        );
    }
    // A smile: one ellipse less another.
    let smile =
        inside(x, y, (0.5, 0.545), (0.062, 0.045)) - inside(x, y, (0.5, 0.528), (0.075, 0.045));
    mix(colour, [0.62, 0.22, 0.22], smile.clamp(0.0, 1.0))
}

/// How much of a place lies within an ellipse: 0 to 1.
fn inside(x: f32, y: f32, centre: (f32, f32), radius: (f32, f32)) -> f32 {
    let distance =
        (((x - centre.0) / radius.0).powi(2) + ((y - centre.1) / radius.1).powi(2)).sqrt();
    edge((1.0 - distance) * radius.0.min(radius.1))
}

/// 0 outside and 1 inside, with a soft pixel or two between.
fn edge(inwards: f32) -> f32 {
    (inwards * 500.0 + 0.5).clamp(0.0, 1.0)
}

fn mix(from: Colour, to: Colour, part: f32) -> Colour {
    std::array::from_fn(|channel| from[channel] + (to[channel] - from[channel]) * part)
}

fn png(width: u32, height: u32, colour: impl Fn(f32, f32) -> Colour) -> Result<Vec<u8>, DemoError> {
    let mut pixels = Vec::with_capacity((width * height * 3) as usize);
    for row in 0..height {
        for column in 0..width {
            let x = (column as f32 + 0.5) / width as f32;
            let y = (row as f32 + 0.5) / height as f32;
            pixels.extend(colour(x, y).map(|part| (part.clamp(0.0, 1.0) * 255.0).round() as u8));
        }
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(file)
}
