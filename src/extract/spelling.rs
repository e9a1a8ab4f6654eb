//! The forms in which apps may see one path.
//!
//! Each step below is what some server, proxy or framework does before it routes. Which do, in what order and how
//! often, is not known here; so every step is applied to every form until no new form appears, within a bound.

use std::collections::BTreeSet;

/// All forms of one path.
pub(super) enum Forms {
    /// These.
    All(Vec<Vec<u8>>),
    /// More than the bound.
    TooMany,
}

/// Bytes of forms that are built for one path at most: 60 to 100 forms of a usual path.
const MAX_FORM_BYTES: usize = 16 * 1024;

/// What one stack may do to a path; `None` where it changes nothing.
type Step = fn(&[u8]) -> Option<Vec<u8>>;

const STEPS: [Step; 11] = [
    decode_once,
    fold_overlong,
    backslashes,
    without_parameters,
    cut_at_end_mark,
    without_authority,
    without_front_controller,
    cut_behind_script,
    merge_slashes,
    resolve_dots,
    trim_segments,
];

/// Bytes that mean themselves to every stack.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        plain[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~' | b':' | b'@' | b'+' | b'=');
        byte += 1;
    }
    plain
};

/// Whether no stack sees this path differently, but for a final slash and a suffix.
pub(super) fn is_plain(path: &[u8]) -> bool {
    if path.first() != Some(&b'/') {
        return false;
    }
    let (mut before, mut segment) = (0, 0);
    for (at, &byte) in path.iter().enumerate() {
        let separated = match byte {
            b'/' => {
                let part = path.get(segment..at).unwrap_or_default();
                segment = at + 1;
                before != b'/' && before != b'.' && !is_script(part)
            }
            b'.' => before != b'/' && before != b'.',
            _ => PLAIN.get(usize::from(byte)) == Some(&true),
        };
        if !separated {
            return false;
        }
        before = byte;
    }
    before != b'.'
}

/// Every form of `path`.
pub(super) fn forms(path: &[u8]) -> Forms {
    let mut seen: BTreeSet<Vec<u8>> = BTreeSet::from([path.to_vec()]);
    let mut open = vec![path.to_vec()];
    let mut bytes = path.len();
    while let Some(form) = open.pop() {
        for step in STEPS {
            let Some(next) = step(&form) else { continue };
            if seen.contains(&next) {
                continue;
            }
            bytes += next.len() + 1;
            if bytes > MAX_FORM_BYTES {
                return Forms::TooMany;
            }
            seen.insert(next.clone());
            open.push(next);
        }
    }
    Forms::All(seen.into_iter().collect())
}

/// One round of percent-decoding, `%uXXXX` of ASCII included; `None` where there is nothing to decode.
pub(super) fn decode_once(path: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&byte, tail)) = rest.split_first() {
        let escape = if byte == b'%' { escaped(tail) } else { None };
        let (byte, used) = escape.unwrap_or((byte, 0));
        decoded.push(byte);
        rest = tail.get(used..).unwrap_or_default();
    }
    (decoded.len() < path.len()).then_some(decoded)
}

fn escaped(tail: &[u8]) -> Option<(u8, usize)> {
    let hex = |digits: &[u8]| {
        digits.iter().try_fold(0_u32, |value, digit| Some(value << 4 | char::from(*digit).to_digit(16)?))
    };
    if let [b'u' | b'U', digits @ ..] = tail {
        let value = u8::try_from(hex(digits.get(..4)?)?).ok()?;
        return value.is_ascii().then_some((value, 5));
    }
    u8::try_from(hex(tail.get(..2)?)?).ok().map(|value| (value, 2))
}

/// Overlong UTF-8 of ASCII (`C0 AF` for a slash), which old decoders accept.
fn fold_overlong(path: &[u8]) -> Option<Vec<u8>> {
    let mut folded = Vec::with_capacity(path.len());
    let mut rest = path;
    loop {
        rest = match rest {
            [] => break,
            [lead @ (0xc0 | 0xc1), low @ 0x80..=0xbf, tail @ ..] => {
                folded.push((lead & 1) << 6 | (low & 0x3f));
                tail
            }
            [0xe0, high @ (0x80 | 0x81), low @ 0x80..=0xbf, tail @ ..]
            | [0xf0, 0x80, high @ (0x80 | 0x81), low @ 0x80..=0xbf, tail @ ..] => {
                folded.push((high & 1) << 6 | (low & 0x3f));
                tail
            }
            [byte, tail @ ..] => {
                folded.push(*byte);
                tail
            }
        };
    }
    (folded.len() < path.len()).then_some(folded)
}

fn backslashes(path: &[u8]) -> Option<Vec<u8>> {
    path.contains(&b'\\').then(|| path.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect())
}

/// Without `;name=value` behind segments.
fn without_parameters(path: &[u8]) -> Option<Vec<u8>> {
    if !path.contains(&b';') {
        return None;
    }
    let mut inside = false;
    let keep = |byte: &&u8| {
        inside = **byte == b';' || (inside && **byte != b'/');
        !inside
    };
    Some(path.iter().filter(keep).copied().collect())
}

/// What stands before a NUL, a question mark or a number sign.
fn cut_at_end_mark(path: &[u8]) -> Option<Vec<u8>> {
    let end = path.iter().position(|byte| matches!(byte, 0 | b'?' | b'#'))?;
    path.get(..end).map(<[u8]>::to_vec)
}

/// Without `http://host` or `//host` in front.
fn without_authority(path: &[u8]) -> Option<Vec<u8>> {
    let scheme = path.iter().position(|byte| *byte == b':').filter(|end| {
        path.get(..*end).is_some_and(|scheme| !scheme.is_empty() && scheme.iter().all(u8::is_ascii_alphabetic))
    });
    let rest = match scheme {
        Some(end) => path.get(end + 1..)?,
        None => path,
    };
    let rest = rest.strip_prefix(b"//")?;
    let slash = rest.iter().position(|byte| *byte == b'/')?;
    rest.get(slash..).map(<[u8]>::to_vec)
}

/// Without a segment such as `index.php` that has others behind it: Laravel and Symfony don't see it.
fn without_front_controller(path: &[u8]) -> Option<Vec<u8>> {
    let mut parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    let at = parts.iter().position(|part| ends_in_php(part))?;
    if parts.get(at + 1..).unwrap_or_default().iter().all(|part| part.is_empty()) {
        return None;
    }
    parts.remove(at);
    Some(parts.join(&b'/'))
}

fn ends_in_php(part: &[u8]) -> bool {
    part.last_chunk::<4>().is_some_and(|end| end.eq_ignore_ascii_case(b".php"))
}

/// Without what stands behind a script: servers run `/send.php` for `/send.php/x`, and tell it the rest.
fn cut_behind_script(path: &[u8]) -> Option<Vec<u8>> {
    let slash = |(at, _): &(usize, &u8)| is_script(path.get(..*at).unwrap_or_default());
    let (end, _) = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').rfind(slash)?;
    path.get(..end).map(<[u8]>::to_vec)
}

/// Whether it ends as the files do that servers run with more path behind them.
fn is_script(part: &[u8]) -> bool {
    const SUFFIXES: [&[u8]; 15] = [
        b"php", b"php3", b"php4", b"php5", b"php7", b"php8", b"phtml", b"asp", b"aspx", b"ashx", b"asmx", b"cgi",
        b"fcgi", b"pl", b"cfm",
    ];
    let end = part.get(part.len().saturating_sub(6)..).unwrap_or_default();
    let suffix = end.iter().rposition(|byte| *byte == b'.').and_then(|dot| end.get(dot + 1..));
    suffix.is_some_and(|suffix| SUFFIXES.iter().any(|known| suffix.eq_ignore_ascii_case(known)))
}

fn merge_slashes(path: &[u8]) -> Option<Vec<u8>> {
    let mut merged = path.to_vec();
    merged.dedup_by(|a, b| *a == b'/' && *b == b'/');
    (merged.len() < path.len()).then_some(merged)
}

/// RFC 3986, section 5.2.4: `.` and `..` as in a file system; above the root is the root.
fn resolve_dots(path: &[u8]) -> Option<Vec<u8>> {
    let dots = |part: &[u8]| part == b"." || part == b"..";
    if !path.split(|byte| *byte == b'/').any(dots) {
        return None;
    }
    let mut kept: Vec<&[u8]> = Vec::new();
    for part in path.strip_prefix(b"/").unwrap_or(path).split(|byte| *byte == b'/') {
        match part {
            b"." => {}
            b".." => {
                kept.pop();
            }
            _ => kept.push(part),
        }
    }
    let mut resolved = vec![b'/'];
    resolved.extend_from_slice(&kept.join(&b'/'));
    Some(resolved)
}

/// Without white space and control characters around segments, and without dots behind them (Windows).
fn trim_segments(path: &[u8]) -> Option<Vec<u8>> {
    let blank = |byte: &u8| *byte <= b' ' || *byte == 0x7f;
    let mut trimmed = Vec::with_capacity(path.len());
    for (index, part) in path.split(|byte| *byte == b'/').enumerate() {
        if index > 0 {
            trimmed.push(b'/');
        }
        let start = part.iter().position(|byte| !blank(byte)).unwrap_or(part.len());
        let part = part.get(start..).unwrap_or_default();
        let end = part.iter().rposition(|byte| !blank(byte)).map_or(0, |last| last + 1);
        let part = part.get(..end).unwrap_or_default();
        let bare = part.iter().rposition(|byte| !blank(byte) && *byte != b'.').map_or(part.len(), |last| last + 1);
        trimmed.extend_from_slice(part.get(..bare).unwrap_or_default());
    }
    (trimmed.len() < path.len()).then_some(trimmed)
}
