//! A scenario in time, drawn: what became of requests, stacked, and below it what spoke against them.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::super::show::grouped;
use super::super::timeline::{Ends, OTHERS, Track, Voice};
use super::sections::text;
use crate::domain::{Span, Timestamp};

/// Names of what becomes of requests (as in [`Ends`]), for each side, and their colours' classes.
const SIDES: [(&str, [(&str, &str); 5]); 3] = [
    (
        "real users",
        [
            ("SMS", "ok"),
            ("SMS after a proof", "proof"),
            ("lost: no proof given", "unsolved"),
            ("lost: refused", "lost"),
            ("asked again too soon", "soon"),
        ],
    ),
    (
        "attack",
        [
            ("leaked", "leaked"),
            ("leaked after a proof", "solved"),
            ("no proof given", "stopped"),
            ("refused", "refused"),
            ("", ""),
        ],
    ),
    (
        "requests",
        [
            ("SMS", "ok"),
            ("SMS after a proof", "proof"),
            ("no proof given", "unsolved"),
            ("refused", "refused"),
            ("", ""),
        ],
    ),
];
/// From the base up: what is bad stands at the base, where it is seen.
const STACK: [usize; 5] = [3, 2, 0, 1, 4];
const STACK_ATTACK: [usize; 5] = [0, 1, 2, 3, 4];

const LEFT: f64 = 200.0;
const WIDTH: f64 = 790.0;
const PANEL: f64 = 96.0;
const GAP: f64 = 14.0;
const ROW: f64 = 17.0;
/// Round lengths of time between two marks, in seconds.
const STEPS: [u64; 21] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
    2_592_000,
];
/// Most marks.
const TICKS: u64 = 9;
/// What spoke most: so many rows.
const VOICES: usize = 12;
/// What is there is seen, however little it is.
const LEAST: f64 = 1.5;

/// The chart with its legend.
pub(super) fn chart(track: &Track, number: usize) -> String {
    let sides: Vec<_> =
        (0..SIDES.len()).filter(|side| track.buckets.iter().any(|b| b.sides[*side] != Ends::default())).collect();
    let voices = loudest(track);
    let mut y = 4.0;
    let mut body = String::new();
    let mut legend = String::from("<p class=\"legend\">");
    for side in sides {
        body.push_str(&panel(track, side, y));
        y += PANEL + GAP;
        legend.push_str(&legend_of(track, side));
    }
    legend.push_str("</p>");
    body.push_str(&axis(track, y - GAP));
    y += 18.0;
    for (name, voice) in &voices {
        body.push_str(&row(track, name, &voice.counts, y));
        y += ROW;
    }
    let bucket = Span::millis(track.width_ms());
    format!(
        "{legend}<svg viewBox=\"0 0 1000 {y:.0}\" data-track=\"{number}\" role=\"img\" aria-label=\"counts in buckets of \
         {bucket}\">{body}<line class=\"here\" y1=\"0\" y2=\"{y:.0}\"/></svg>\n"
    )
}

/// What the script tells of what stands under the pointer.
pub(super) fn data(track: &Track) -> Value {
    let series = SIDES.iter().enumerate().flat_map(|(side, (who, ends))| {
        ends.iter().enumerate().map(move |(end, (what, _))| (format!("{who}: {what}"), side, end))
    });
    let series = series.filter_map(|(name, side, end)| {
        let counts: Vec<_> = track.buckets.iter().map(|bucket| bucket.sides[side][end]).collect();
        counts.iter().any(|count| *count > 0).then(|| json!([name, counts]))
    });
    let voices = loudest(track).into_iter().map(|(name, voice)| json!([name, voice.counts]));
    json!({
        "start": track.start.unix_ms(), "width": track.width_ms(), "buckets": track.buckets.len(),
        "left": LEFT, "plot": WIDTH,
        "series": series.collect::<Vec<_>>(), "voices": voices.collect::<Vec<_>>(),
    })
}

/// What spoke most often, the most frequent first; the others last.
fn loudest(track: &Track) -> Vec<(&str, &Voice)> {
    let mut voices: Vec<_> = track.voices.iter().map(|(name, voice)| (&**name, voice)).collect();
    voices.sort_by_key(|(name, voice)| (*name == OTHERS, std::cmp::Reverse(voice.total)));
    voices.truncate(VOICES);
    voices
}

fn legend_of(track: &Track, side: usize) -> String {
    let (who, ends) = SIDES[side];
    let mut html = format!("<span>{who}:</span>");
    for (end, (what, class)) in ends.iter().enumerate() {
        let total: u64 = track.buckets.iter().map(|bucket| u64::from(bucket.sides[side][end])).sum();
        if total > 0 {
            _ = write!(html, "<span><i class=\"{class}\"></i>{what} {}</span>", grouped(total));
        }
    }
    html
}

/// One side's requests, stacked.
fn panel(track: &Track, side: usize, top: f64) -> String {
    let (who, ends) = SIDES[side];
    let highest = track.buckets.iter().map(|bucket| total(&bucket.sides[side])).max().unwrap_or(0).max(1);
    let scale = PANEL / f64::from(highest);
    let order = if side == 0 { STACK } else { STACK_ATTACK };
    let mut paths = [const { String::new() }; 5];
    for (index, bucket) in track.buckets.iter().enumerate() {
        let (x, width) = place(track, index);
        let mut y = top + PANEL;
        for end in order.into_iter().filter(|end| bucket.sides[side][*end] > 0) {
            let height = (f64::from(bucket.sides[side][end]) * scale).max(LEAST).min(y - top);
            y -= height;
            _ = write!(paths[end], "M{x:.1} {y:.1}h{width:.1}v{height:.1}h-{width:.1}z");
        }
    }
    let mut svg = format!(
        "<text class=\"side\" x=\"{0:.0}\" y=\"{1:.0}\">{who}</text><text class=\"most\" x=\"{0:.0}\" y=\"{2:.0}\">{3} in {4}</text>\
         <path class=\"base\" d=\"M{LEFT} {5:.1}h{WIDTH}\"/>",
        LEFT - 10.0,
        top + PANEL / 2.0,
        top + 10.0,
        grouped(u64::from(highest)),
        Span::millis(track.width_ms()),
        top + PANEL,
    );
    for (path, (_, class)) in paths.iter().zip(ends) {
        if !path.is_empty() {
            _ = write!(svg, "<path class=\"{class}\" d=\"{path}\"/>");
        }
    }
    svg
}

/// How often something spoke, as a row of cells in three strengths.
fn row(track: &Track, name: &str, counts: &[u32], top: f64) -> String {
    let highest = counts.iter().copied().max().unwrap_or(0).max(1);
    let mut paths = [const { String::new() }; 3];
    for (index, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let (x, width) = place(track, index);
        let strength = (u64::from(*count) * 3).div_ceil(u64::from(highest)).clamp(1, 3) - 1;
        if let Some(path) = usize::try_from(strength).ok().and_then(|strength| paths.get_mut(strength)) {
            _ = write!(path, "M{x:.1} {top:.1}h{width:.1}v{:.1}h-{width:.1}z", ROW - 3.0);
        }
    }
    let short: String = name.chars().take(28).collect();
    let short = if short.len() < name.len() { short + "…" } else { short };
    let mut svg = format!(
        "<text class=\"voice\" x=\"{:.0}\" y=\"{:.1}\">{}<title>{}</title></text>",
        LEFT - 10.0,
        top + ROW - 6.0,
        text(&short),
        text(name)
    );
    for (strength, path) in paths.iter().enumerate().filter(|(_, path)| !path.is_empty()) {
        _ = write!(svg, "<path class=\"heat{strength}\" d=\"{path}\"/>");
    }
    svg
}

/// Times below the panels, at round ones.
#[expect(clippy::cast_precision_loss, reason = "milliseconds within a trace")]
fn axis(track: &Track, top: f64) -> String {
    let length = track.width_ms() * track.buckets.len() as u64;
    let step = STEPS.into_iter().map(|seconds| seconds * 1000).find(|step| length / step <= TICKS);
    let step = step.unwrap_or_else(|| (length / TICKS).max(1));
    let start = track.start.unix_ms();
    let mut svg = String::new();
    let mut day = String::new();
    let mut at = start.next_multiple_of(step);
    while at < start + length {
        let told = Timestamp::from_unix_ms(at).to_string();
        let (date, clock) = told.split_once('T').unwrap_or((&told, ""));
        let clock = clock.get(..if step < 60_000 { 8 } else { 5 }).unwrap_or_default();
        // The day stands where it begins.
        let label =
            if day == date { clock.to_owned() } else { format!("{} {clock}", date.get(5..).unwrap_or_default()) };
        date.clone_into(&mut day);
        let x = LEFT + WIDTH * (at - start) as f64 / length as f64;
        _ = write!(
            svg,
            "<path class=\"base\" d=\"M{x:.1} {top:.1}v4\"/><text class=\"time\" x=\"{x:.1}\" y=\"{:.1}\">{label}</text>",
            top + 14.0
        );
        at += step;
    }
    svg
}

/// Where a bucket begins and how wide it is.
#[expect(clippy::cast_precision_loss, reason = "a few hundred buckets")]
fn place(track: &Track, index: usize) -> (f64, f64) {
    let step = WIDTH / track.buckets.len().max(1) as f64;
    let gap = if step > 4.0 { 1.0 } else { 0.0 };
    (LEFT + step * index as f64, (step - gap).min(40.0))
}

fn total(ends: &Ends) -> u32 {
    ends.iter().sum()
}
