//! The picture: letters as bent strokes that run into each other, under curves of the same pen.
//!
//! Drawn here and not by a crate: of those that there are, one writes in a face that may not be passed on, the other
//! bends every picture alike, and both bring a second image library. What tells letters apart for a program is where one
//! ends and the next begins, so neighbours overlap and curves of the same width go through them; noise and colours, which
//! trouble people more than programs, are left out.

use png::{BitDepth, ColorType, Compression, Encoder};

use super::glyphs::{self, Stroke};
use crate::random::Random;

/// Size in pixels.
pub(super) const WIDTH: u16 = 280;
/// Size in pixels.
pub(super) const HEIGHT: u16 = 100;
/// Strong enough against the ground for weak eyes (more than 12:1).
const INK: f32 = 30.0;
const GROUND: f32 = 244.0;
/// Half the pen's width, in pixels.
const PEN: f32 = 2.4;

type Point = (f32, f32);

/// The picture of a text, as PNG; the same seed gives the same picture.
pub(super) fn draw(text: &str, seed: u64) -> Option<Vec<u8>> {
    let mut random = Random::seeded(seed);
    let mut canvas = Canvas::new();
    let wave = Wave::drawn(&mut random);
    let letters = u8::try_from(text.chars().count().max(1)).ok()?;
    let step = f32::from(WIDTH - 50) / f32::from(letters);
    for (index, letter) in (0..letters).zip(text.chars()) {
        let centre = 25.0 + step * (f32::from(index) + 0.5) + spread(&mut random, 3.0);
        let middle = f32::from(HEIGHT) / 2.0 + spread(&mut random, 8.0);
        let placed = Placed::drawn(&mut random, (centre, middle), step);
        for stroke in glyphs::strokes(letter) {
            let path: Vec<Point> = path(stroke).into_iter().map(|point| wave.bend(placed.place(point))).collect();
            canvas.stroke(&path, PEN);
        }
    }
    for band in [(0.15, 0.5), (0.5, 0.85)] {
        canvas.stroke(&across(&mut random, band), PEN * 0.8);
    }
    canvas.encode()
}

/// Up to `by` in either direction.
fn spread(random: &mut Random, by: f64) -> f32 {
    narrow(random.uniform(-by, by))
}

#[expect(clippy::cast_possible_truncation, reason = "small numbers for pixels")]
fn narrow(number: f64) -> f32 {
    number as f32
}

/// Where and how one letter stands.
struct Placed {
    centre: Point,
    scale: Point,
    /// Columns of the turning and leaning.
    turned: (Point, Point),
}

impl Placed {
    fn drawn(random: &mut Random, centre: Point, step: f32) -> Self {
        let turn = spread(random, 0.3);
        let lean = spread(random, 0.25);
        // A little wider than its place, so that neighbours touch.
        let scale = step * 0.84 / glyphs::WIDTH * (1.0 + spread(random, 0.12));
        let tall = 4.3 * (1.0 + spread(random, 0.12));
        let (sin, cos) = turn.sin_cos();
        Self { centre, scale: (scale, tall), turned: ((cos, sin), (lean * cos - sin, lean * sin + cos)) }
    }

    fn place(&self, (x, y): Point) -> Point {
        let (x, y) = ((x - glyphs::WIDTH / 2.0) * self.scale.0, (y - glyphs::HEIGHT / 2.0) * self.scale.1);
        let (across, down) = self.turned;
        (self.centre.0 + x * across.0 + y * down.0, self.centre.1 + x * across.1 + y * down.1)
    }
}

/// How the whole line is bent.
struct Wave {
    down: (f32, f32, f32),
    aside: (f32, f32, f32),
}

impl Wave {
    fn drawn(random: &mut Random) -> Self {
        let mut one = |amplitude: f64, length: f64| {
            let amplitude = random.uniform(amplitude * 0.6, amplitude);
            let length = random.uniform(length * 0.7, length * 1.3);
            (narrow(amplitude), narrow(std::f64::consts::TAU / length), narrow(random.uniform(0.0, 6.3)))
        };
        Self { down: one(9.0, 150.0), aside: one(3.5, 70.0) }
    }

    fn bend(&self, (x, y): Point) -> Point {
        let by = |(amplitude, rate, phase): (f32, f32, f32), at: f32| amplitude * (at * rate + phase).sin();
        (x + by(self.aside, y), y + by(self.down, x))
    }
}

/// A curve through the whole picture within a band of it, so that it crosses the letters.
fn across(random: &mut Random, (top, bottom): (f64, f64)) -> Vec<Point> {
    let mut height = || narrow(random.uniform(top, bottom)) * f32::from(HEIGHT);
    let heights = [height(), height(), height(), height(), height()];
    let step = f32::from(WIDTH) / 4.0;
    let points: Vec<Point> = heights.iter().zip(0_u8..).map(|(y, index)| (f32::from(index) * step, *y)).collect();
    smooth(&points)
}

/// The points of a stroke, so close that bending bends them.
fn path(stroke: &Stroke) -> Vec<Point> {
    let points: Vec<Point> = stroke.points.iter().map(|(x, y)| (f32::from(*x), f32::from(*y))).collect();
    if stroke.round { smooth(&points) } else { points.windows(2).flat_map(|pair| between(pair, 6)).collect() }
}

fn between(pair: &[Point], steps: u8) -> Vec<Point> {
    let [from, to] = pair else { return Vec::new() };
    let at = |step| {
        let part = f32::from(step) / f32::from(steps);
        (from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part)
    };
    (0..=steps).map(at).collect()
}

/// A curve through the points (Catmull and Rom, 1974).
fn smooth(points: &[Point]) -> Vec<Point> {
    let at = |index: usize| points.get(index.min(points.len().saturating_sub(1))).copied().unwrap_or_default();
    let mut curve = Vec::new();
    for index in 0..points.len().saturating_sub(1) {
        let four = [at(index.saturating_sub(1)), at(index), at(index + 1), at(index + 2)];
        for step in 0..=8_u8 {
            let part = f32::from(step) / 8.0;
            let one = |of: fn(Point) -> f32| {
                let [before, from, to, after] = four.map(of);
                let bend = 2.0 * before - 5.0 * from + 4.0 * to - after;
                let twist = 3.0 * from - before - 3.0 * to + after;
                0.5 * (2.0 * from + part * (to - before + part * (bend + part * twist)))
            };
            curve.push((one(|point| point.0), one(|point| point.1)));
        }
    }
    curve
}

/// How much ink is where: 0 to 1 for each pixel.
struct Canvas(Vec<f32>);

impl Canvas {
    fn new() -> Self {
        Self(vec![0.0; usize::from(WIDTH) * usize::from(HEIGHT)])
    }

    fn stroke(&mut self, path: &[Point], pen: f32) {
        for pair in path.windows(2) {
            if let [from, to] = pair {
                self.segment(*from, *to, pen);
            }
        }
    }

    /// Inks every pixel as near to the segment as the pen is wide, with a soft edge.
    fn segment(&mut self, from: Point, to: Point, pen: f32) {
        let reach = pen + 1.0;
        let columns = range(from.0.min(to.0) - reach, from.0.max(to.0) + reach, WIDTH);
        let rows = range(from.1.min(to.1) - reach, from.1.max(to.1) + reach, HEIGHT);
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = (dx * dx + dy * dy).max(1e-6);
        for y in rows {
            for x in columns.clone() {
                let (px, py) = (f32::from(x) - from.0, f32::from(y) - from.1);
                let along = ((px * dx + py * dy) / length).clamp(0.0, 1.0);
                let away = (px - along * dx).hypot(py - along * dy);
                let index = usize::from(y) * usize::from(WIDTH) + usize::from(x);
                if let Some(ink) = self.0.get_mut(index) {
                    *ink = ink.max((pen + 0.5 - away).clamp(0.0, 1.0));
                }
            }
        }
    }

    fn encode(&self) -> Option<Vec<u8>> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between ink and ground")]
        let grey: Vec<u8> = self.0.iter().map(|ink| (GROUND + (INK - GROUND) * ink) as u8).collect();
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, u32::from(WIDTH), u32::from(HEIGHT));
        encoder.set_color(ColorType::Grayscale);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_compression(Compression::Fast);
        let mut writer = encoder.write_header().ok()?;
        writer.write_image_data(&grey).ok()?;
        writer.finish().ok()?;
        Some(bytes)
    }
}

/// The pixels between two places, as far as the picture goes.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the picture")]
fn range(from: f32, to: f32, size: u16) -> std::ops::Range<u16> {
    let clamp = |at: f32| at.clamp(0.0, f32::from(size)) as u16;
    clamp(from.floor())..clamp(to.ceil() + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> Vec<u8> {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (u32::from(WIDTH), u32::from(HEIGHT)));
        pixels
    }

    #[test]
    fn a_picture_is_small_inked_and_the_same_again() {
        let picture = draw("ACE349", 7).unwrap();
        assert!(picture.len() < 16_000, "{}", picture.len());
        assert_eq!(draw("ACE349", 7).unwrap(), picture);
        let ink = decoded(&picture).iter().filter(|grey| **grey < 128).count();
        assert!((2_000..9_000).contains(&ink), "{ink}");
    }

    #[test]
    fn two_pictures_of_one_text_differ_in_most_of_their_ink() {
        let inked = |seed| decoded(&draw("ACE349", seed).unwrap()).iter().map(|grey| *grey < 128).collect::<Vec<_>>();
        let (one, other) = (inked(1), inked(2));
        let both = one.iter().zip(&other).filter(|(a, b)| **a && **b).count();
        let either = one.iter().zip(&other).filter(|(a, b)| **a || **b).count();
        assert!(both * 2 < either, "{both} of {either}");
    }

    #[test]
    fn any_seed_and_any_text_can_be_drawn() {
        for seed in 0..50 {
            assert!(draw("WWWWWW", seed).is_some());
        }
        assert!(draw("", 1).is_some() && draw("???", u64::MAX).is_some());
    }
}
