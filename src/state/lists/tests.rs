//! Lists on disk: what was answered is there again, whatever happens to the process or the file.

use std::fs;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::clock::ManualClock;
use crate::domain::{ListName, Span, Timestamp};
use crate::lists::{Given, Terms};
use crate::privacy::{KeyRing, Purpose};
use crate::state::lists::file::{parse, sum, write};

const PHONE: &str = "+447402417171";

struct Stage {
    directory: PathBuf,
    clock: Arc<ManualClock>,
    metrics: Arc<Metrics>,
}

impl Stage {
    fn new(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("sendwall-lists-{}-{name}", std::process::id()));
        let _gone = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp::from_unix_ms(1_795_197_600_000)));
        let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        Self { directory, clock, metrics: Arc::new(Metrics::new("test", shared)) }
    }

    fn open_under(&self, keys: &KeyRing) -> Result<Lists, Unread> {
        let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&self.clock);
        Lists::open(Some(&self.directory), Names::new(keys), clock, Arc::clone(&self.metrics))
    }

    fn open(&self) -> Lists {
        self.open_under(&KeyRing::fixed(1)).unwrap()
    }

    fn path(&self) -> PathBuf {
        file_of(&self.directory)
    }

    /// Text of every file in the directory.
    fn on_disk(&self) -> String {
        let files = fs::read_dir(&self.directory).unwrap().map(|entry| entry.unwrap().path());
        files.map(|file| String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned()).collect()
    }

    fn metric(&self, start: &str) -> Vec<String> {
        let text = self.metrics.render(&crate::telemetry::Snapshot {
            tables: Vec::new(),
            open_sends: 0,
            drift: Vec::new(),
            evidence: crate::telemetry::EvidenceStats::default(),
            revision: crate::domain::RevisionId { number: 1, hash: 1 },
        });
        text.lines().filter(|line| line.starts_with(start)).map(ToOwned::to_owned).collect()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.directory);
    }
}

fn who() -> Who {
    Who { by: "alice".into(), how: "token" }
}

fn add(lists: &Lists, list: ListName, subjects: &[&str], until: Option<Timestamp>) -> Result<Vec<u64>, ChangeError> {
    let subjects = subjects.iter().map(|subject| (*subject).to_owned()).collect();
    let added = lists.add(&Add { list, subjects, until, note: "a note".to_owned() }, &who())?;
    Ok(added.iter().map(|entry| entry.id).collect())
}

fn shown(book: &Book) -> Vec<String> {
    let show = |entry: &Arc<crate::lists::Entry>| {
        format!("{} {} {} {:?} {} {}", entry.id, entry.list, entry.subject, entry.until, entry.note, entry.by)
    };
    book.entries().map(show).collect()
}

const EVERY_KIND: [&str; 7] = ["192.0.2.7", "198.51.100.0/24", "2001:db8::/48", PHONE, "+44740241*", "NG", "ip:RU"];

#[test]
fn what_was_answered_is_there_after_a_kill_at_any_moment() {
    let stage = Stage::new("kept");
    let lists = stage.open();
    let until = Some(stage.clock.now() + Span::hours(2));
    assert_eq!(add(&lists, ListName::Deny, &EVERY_KIND, until).unwrap().len(), 7);
    assert_eq!(add(&lists, ListName::Allow, &[PHONE], None).unwrap(), [8]);
    let removed = lists.remove(
        &Remove { list: ListName::Deny, subjects: vec![PHONE.to_owned(), "DE".to_owned()], ids: vec![1, 99] },
        &who(),
    );
    let removed = removed.unwrap();
    assert_eq!((removed.entries.len(), removed.missing), (2, vec![1, 3]));
    let before = shown(&lists.hand().book());
    assert_eq!(before.len(), 6);
    drop(lists); // nothing is written at the end: this is what a kill leaves
    let again = stage.open();
    assert_eq!(shown(&again.hand().book()), before);
    assert_eq!(add(&again, ListName::Deny, &["192.0.2.7"], None).unwrap(), [9], "no number comes twice");
    assert!(!stage.on_disk().contains("447402417171") && !stage.on_disk().contains("7402417171"));

    let audit = again.audit(100).unwrap();
    let deeds = audit.iter().map(|deed| (deed["do"].as_str().unwrap(), deed["id"].as_u64().unwrap()));
    let deeds: Vec<_> = deeds.rev().collect();
    assert_eq!(deeds[6..], [("add", 7), ("add", 8), ("remove", 4), ("remove", 1), ("add", 9)]);
    assert_eq!(
        (&audit[1]["by"], &audit[1]["how"], &audit[2]["value"]),
        (&Value::from("alice"), &Value::from("token"), &Value::from("+44 7402 41••71"),)
    );
}

#[test]
fn a_change_with_a_fault_changes_nothing_and_names_each() {
    let stage = Stage::new("faults");
    let lists = stage.open();
    let faults = add(&lists, ListName::Deny, &["192.0.2.7", "nonsense", "192.0.2.7/24"], None).unwrap_err();
    let ChangeError::Faults(faults) = faults else { panic!("{faults}") };
    assert_eq!(faults.iter().map(|fault| fault.index).collect::<Vec<_>>(), [1, 2]);
    assert!(lists.hand().book().is_empty() && lists.audit(9).unwrap().is_empty());
    assert!(matches!(add(&lists, ListName::Deny, &[], None), Err(ChangeError::Empty)));
    let past = Some(stage.clock.now());
    assert!(matches!(add(&lists, ListName::Deny, &["192.0.2.7"], past), Err(ChangeError::Ended)));
    let note =
        Add { list: ListName::Deny, subjects: vec!["GB".to_owned()], until: None, note: format!("called {PHONE}") };
    assert!(matches!(lists.add(&note, &who()), Err(ChangeError::Note(_))));
    assert!(!stage.on_disk().contains("7402417171"));
}

#[test]
fn a_disk_that_refuses_leaves_what_was_in_force() {
    let stage = Stage::new("refusing");
    let lists = stage.open();
    add(&lists, ListName::Deny, &["192.0.2.7"], Some(stage.clock.now() + Span::hours(1))).unwrap();
    // A directory where the new file is to be written: nothing can take its place.
    fs::create_dir(stage.directory.join("lists.new")).unwrap();
    assert!(matches!(add(&lists, ListName::Deny, &["192.0.2.8"], None), Err(ChangeError::Write(_))));
    assert_eq!(lists.hand().book().len(), 1);
    let deeds = |count| -> Vec<_> { lists.audit(count).unwrap().iter().map(|deed| deed["do"].clone()).collect() };
    assert_eq!(deeds(9), ["undone", "add", "add"], "what was said and not done is taken back");
    stage.clock.advance(Span::hours(2));
    for _ in 0..3 {
        lists.tend();
    }
    assert_eq!(deeds(9).len(), 3, "what can't be done isn't said again and again");
    fs::remove_dir(stage.directory.join("lists.new")).unwrap();
    lists.tend();
    assert_eq!(deeds(1), ["expire"]);
    assert_eq!(add(&lists, ListName::Deny, &["192.0.2.8"], None).unwrap(), [2]);
}

#[test]
fn what_has_ended_goes_and_the_audit_says_so() {
    let stage = Stage::new("ended");
    let lists = stage.open();
    add(&lists, ListName::Deny, &["192.0.2.7"], Some(stage.clock.now() + Span::hours(1))).unwrap();
    add(&lists, ListName::Allow, &["192.0.2.8"], None).unwrap();
    lists.tend();
    assert_eq!(lists.hand().book().len(), 2);
    stage.clock.advance(Span::hours(1));
    lists.tend();
    assert_eq!(shown(&stage.open().hand().book()).len(), 1);
    let last = &lists.audit(1).unwrap()[0];
    assert_eq!((&last["do"], &last["by"], &last["id"]), (&"expire".into(), &"sendwall".into(), &1.into()));
    assert_eq!(stage.metric("sendwall_list_entries"), [r#"sendwall_list_entries{list="allow",kind="network"} 1"#]);
}

#[test]
fn damage_costs_the_lines_that_it_hit_and_is_told() {
    let stage = Stage::new("damaged");
    let lists = stage.open();
    add(&lists, ListName::Deny, &EVERY_KIND, None).unwrap();
    let text = fs::read_to_string(stage.path()).unwrap();
    let edited = text.replace("198.51.100.0/24", "198.51.100.0/16");
    fs::write(stage.path(), &edited).unwrap();
    let again = stage.open();
    assert_eq!(again.hand().book().len(), 6);
    assert_eq!(stage.metric("sendwall_list_failures"), [r#"sendwall_list_failures_total{what="read"} 1"#]);
    let aside = fs::read_dir(&stage.directory).unwrap().map(|entry| entry.unwrap().path());
    let aside: Vec<_> = aside.filter(|path| path.to_string_lossy().contains("lists.corrupt-")).collect();
    assert_eq!(fs::read_to_string(&aside[0]).unwrap(), edited);
    assert_eq!(again.audit(1).unwrap()[0]["lost"], 1);
    assert_eq!(stage.open().hand().book().len(), 6, "what is left was written");
    assert_eq!(stage.metric("sendwall_list_failures").len(), 1);

    let cut = text.lines().take(4).fold(String::new(), |cut, line| cut + line + "\n");
    fs::write(stage.path(), cut).unwrap();
    assert_eq!(stage.open().hand().book().len(), 2, "lines that are gone altogether are missed too");
    assert_eq!(stage.open().audit(1).unwrap()[0]["lost"], 5);
}

#[test]
fn a_file_of_a_later_version_is_left_alone() {
    let stage = Stage::new("later");
    add(&stage.open(), ListName::Deny, &["NG"], None).unwrap();
    let head = r#"{"format":2,"next":2,"entries":0}"#;
    fs::write(stage.path(), format!("{} {head}\n", sum(head))).unwrap();
    let refused = stage.open_under(&KeyRing::fixed(1)).unwrap_err().to_string();
    assert!(refused.contains("format 2"), "{refused}");
}

#[test]
fn a_phone_outlives_the_key_that_named_it_once_it_came_by() {
    let stage = Stage::new("rotation");
    let key = |byte: &str| byte.repeat(32);
    let ring =
        |keys: &[&str]| KeyRing::parse(&keys.iter().map(|byte| key(byte) + "\n").collect::<String>(), "x").unwrap();
    let lists = stage.open_under(&ring(&["11"])).unwrap();
    add(&lists, ListName::Deny, &[PHONE, "+447402417172"], None).unwrap();

    let rotated = ring(&["22", "11"]);
    let lists = stage.open_under(&rotated).unwrap();
    let raw = Numbering::default().read(PHONE, None).unwrap().raw;
    let name = crate::privacy::Pseudonyms::new(&rotated.derive(Purpose::Pseudonyms)).phone(raw);
    lists.hand().recognise(raw, name);
    lists.tend();

    assert!(stage.metric("sendwall_list_failures").is_empty());
    let lists = stage.open_under(&ring(&["22"])).unwrap();
    assert_eq!(lists.hand().book().len(), 2);
    let gone =
        Remove { list: ListName::Deny, subjects: vec![PHONE.to_owned(), "+447402417172".to_owned()], ids: vec![] };
    let removed = lists.remove(&gone, &who()).unwrap();
    assert_eq!((removed.entries.len(), removed.missing), (1, vec![1]), "the other's name is forgotten");
    assert_eq!(stage.metric("sendwall_list_failures"), [r#"sendwall_list_failures_total{what="key"} 1"#]);
}

#[test]
fn without_a_state_directory_lists_last_as_long_as_the_process() {
    let stage = Stage::new("nowhere");
    let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&stage.clock);
    let names = Names::new(&KeyRing::fixed(1));
    let lists = Lists::open(None, names, clock, Arc::clone(&stage.metrics)).unwrap();
    assert_eq!(add(&lists, ListName::Deny, &EVERY_KIND, None).unwrap().len(), 7);
    assert!(!lists.are_kept() && lists.audit(9).unwrap().is_empty());
}

/// A book with an entry of every kind, and the bytes of its file.
static SAMPLE: LazyLock<(Book, Vec<u8>)> = LazyLock::new(|| {
    let names = Names::new(&KeyRing::fixed(1));
    let mut book = Book::default();
    let given = EVERY_KIND.map(|text| Given::parse(text, &Numbering::default()).unwrap());
    let added = Timestamp::from_unix_ms(1_795_197_600_000);
    let terms = Terms { until: None, note: "x".into(), added, by: "y".into() };
    book.add(ListName::Deny, &given, &names, &terms).unwrap();
    let stage = Stage::new("sample");
    write(&stage.path(), &book).unwrap();
    (book, fs::read(stage.path()).unwrap())
});

proptest! {
    #[test]
    fn any_damage_costs_at_most_what_it_hit(at in 0_usize..3000, byte: u8, cut: bool) {
        let (book, bytes) = &*SAMPLE;
        let mut bytes = bytes.clone();
        let at = at % bytes.len();
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        let read = parse(Path::new("lists"), &bytes).unwrap();
        if cut {
            prop_assert!(read.lost > 0 || read.entries.len() == 7, "what is missing is missed");
        } else {
            // A line end that is hit joins two lines.
            prop_assert!(read.entries.len() >= 5, "{} of 7 with byte {at} = {byte}", read.entries.len());
            prop_assert!(read.lost >= 7 - read.entries.len());
        }
        for entry in &read.entries {
            let original = book.entries().find(|original| original.id == entry.id).unwrap();
            prop_assert_eq!(original.subject, entry.subject);
        }
    }

    #[test]
    fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(parse(Path::new("lists"), &bytes).is_ok_and(|read| read.entries.is_empty()));
    }
}
