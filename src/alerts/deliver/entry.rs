//! An alert on its way: what the spool holds of it, as a file.
//!
//! The first line names the format and a checksum of the second, which is JSON: readable in need, and a file that was
//! torn or changed is known as such.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::super::Alert;
use crate::domain::Timestamp;

const MAGIC: &str = "sendwall-alert 1";
/// Larger files are none of ours.
pub(super) const MAX_BYTES: usize = 256 * 1024;
/// Of an alert so much is carried; its makers stay far below.
const DETAILS: usize = 100;
const DETAIL_CHARS: usize = 500;

/// An alert with the channels that it still has to reach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// When it came.
    pub(super) accepted: Timestamp,
    pub(super) alert: Alert,
    pub(super) channels: BTreeMap<String, Progress>,
}

/// How far an alert is on its way to one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Attempts that ended.
    pub(super) attempts: u32,
    /// Whether an attempt is under way. After a crash: whether one was, and nobody knows how it ended.
    pub(super) begun: bool,
    /// Whether it may have arrived already.
    pub(super) repeat: bool,
    /// When the next attempt is due. Not kept: after a start all are due.
    #[serde(skip)]
    pub(super) due: Timestamp,
}

/// A file that can't be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is {0}")]
pub(super) struct Damaged(&'static str);

impl Entry {
    /// As it came, for these channels.
    pub(super) fn new<'c>(alert: &Alert, channels: impl IntoIterator<Item = &'c str>, now: Timestamp) -> Self {
        let progress = Progress { due: now, ..Progress::default() };
        let channels = channels.into_iter().map(|name| (name.to_owned(), progress)).collect();
        Self { accepted: now, alert: bounded(alert), channels }
    }

    /// The bytes of its file.
    pub(super) fn encode(&self) -> Vec<u8> {
        let body = serde_json::to_string(self).unwrap_or_default();
        format!("{MAGIC} {}\n{body}\n", sum(&body)).into_bytes()
    }

    /// Reads a file's bytes. What was under way when the process died may have arrived.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        let text = std::str::from_utf8(bytes).map_err(|_not_text| Damaged("no text"))?;
        let (head, body) = text.split_once('\n').ok_or(Damaged("cut off in its first line"))?;
        let told = head.strip_prefix(MAGIC).and_then(|rest| rest.strip_prefix(' '));
        let told = told.ok_or(Damaged("of another format"))?;
        let body = body.strip_suffix('\n').ok_or(Damaged("cut off"))?;
        if told != sum(body) {
            return Err(Damaged("not what was written: its checksum is another"));
        }
        let mut entry: Self = serde_json::from_str(body).map_err(|_other_form| Damaged("of another version's form"))?;
        for progress in entry.channels.values_mut() {
            progress.repeat |= std::mem::take(&mut progress.begun);
        }
        Ok(entry)
    }
}

fn bounded(alert: &Alert) -> Alert {
    let mut alert = alert.clone();
    alert.details.truncate(DETAILS);
    for text in alert.details.iter_mut().chain([&mut alert.summary]).chain(alert.labels.values_mut()) {
        *text = super::text::clip(text, DETAIL_CHARS).into_owned();
    }
    alert
}

fn sum(body: &str) -> String {
    STANDARD.encode(digest(&SHA256, body.as_bytes()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::alerts::deliver::sample::{self, STARTED};

    fn entry() -> Entry {
        let mut entry = Entry::new(&sample::alert(), ["ops", "pager"], Timestamp::default());
        entry.accepted = STARTED;
        entry
    }

    #[test]
    fn what_was_under_way_is_a_repeat_after_a_start() {
        let mut written = entry();
        *written.channels.get_mut("ops").unwrap() = Progress { attempts: 3, begun: true, ..Progress::default() };
        let read = Entry::decode(&written.encode()).unwrap();
        assert_eq!(read.channels["ops"], Progress { attempts: 3, repeat: true, ..Progress::default() });
        assert_eq!(read.channels["pager"], Progress::default());
        assert_eq!((read.accepted, read.alert), (STARTED, sample::alert()));
    }

    #[test]
    fn a_byte_between_format_and_checksum_counts_too() {
        let text = String::from_utf8(entry().encode()).unwrap();
        assert!(Entry::decode(text.as_bytes()).is_ok());
        let torn = text.replacen("sendwall-alert 1 ", "sendwall-alert 1\t", 1);
        assert_eq!(Entry::decode(torn.as_bytes()), Err(Damaged("of another format")));
    }

    #[test]
    fn an_alert_that_is_far_too_long_is_cut() {
        let alert = Alert { details: vec!["x".repeat(100_000); 1000], summary: "y".repeat(100_000), ..sample::alert() };
        assert!(Entry::new(&alert, ["ops"], STARTED).encode().len() < MAX_BYTES);
    }

    proptest! {
        #[test]
        fn no_damage_goes_unnoticed(place in 0_usize..400, bits in 1_u8..=255, cut in 0_usize..400) {
            let bytes = entry().encode();
            let mut changed = bytes.clone();
            let place = place % bytes.len();
            changed[place] ^= bits;
            prop_assert!(Entry::decode(&changed).is_err());
            let kept = bytes.len() - 1 - cut.min(bytes.len() - 1);
            prop_assert!(Entry::decode(&bytes[..kept]).is_err());
        }
    }
}
