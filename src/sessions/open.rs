//! The table of open sends: bounded, found by several names, forgotten when the verify window ends.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use foldhash::fast::RandomState;
use parking_lot::Mutex;

use super::alias::{Alias, AliasKind};
use crate::cells::SendRef;
use crate::domain::{DecisionId, OutcomeKind, Phone, Span, Timestamp};
use crate::privacy::Pseudonym;

/// More sends than this in one session push out its oldest.
const MAX_SENDS: usize = 16;
/// More names than this in one session, its decisions aside, push out the one that was used longest ago: whoever asks again
/// and again for one phone may be another client each time.
const MAX_NAMES: usize = 3 * MAX_SENDS;

/// A code that went out.
#[derive(Clone, Debug)]
pub struct OpenSend {
    /// The decision that let it out.
    pub decision: DecisionId,
    /// The endpoint's name.
    pub endpoint: Arc<str>,
    /// When.
    pub at: Timestamp,
    /// The phone, where the request named one.
    pub phone: Option<Phone>,
    /// Its place in the evidence, if it has one.
    pub charge: Option<SendRef>,
}

/// What an outcome found.
#[derive(Clone, Debug)]
pub enum Found {
    /// These sends hadn't had this outcome yet and now have it.
    Settled(Vec<OpenSend>),
    /// The session is there, and all its sends have had this outcome before.
    Already,
    /// No session goes by that name, or its window has ended.
    Unmatched,
}

/// Sessions with open sends. When it is full the oldest session goes, unverified; `evicted` counts those.
#[derive(Debug)]
pub struct Sessions {
    capacity: usize,
    next: AtomicU64,
    evicted: AtomicU64,
    by_alias: DashMap<Alias, u64, RandomState>,
    sessions: DashMap<u64, Session, RandomState>,
    queue: Mutex<Queue>,
    /// How often something was opened or settled.
    changes: AtomicU64,
}

#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) ends: Timestamp,
    pub(super) aliases: Vec<Alias>,
    pub(super) sends: Vec<(OpenSend, Outcomes)>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcomes {
    pub(super) verified: bool,
    pub(super) delivery: bool,
}

/// Sessions in the order in which their windows end, roughly: one that was renewed is put back when it comes up. Those that
/// stay for about as long (not twice as long) have a line of their own, so that none waits behind one that stays for a day.
#[derive(Debug, Default)]
struct Queue {
    /// By the binary logarithm of how long they stay: at most 64.
    lines: BTreeMap<u32, VecDeque<Waiting>>,
    /// The number that the next one gets.
    next: u64,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    /// Rises with each that was put in, over all lines.
    number: u64,
    ends: Timestamp,
    id: u64,
}

impl Queue {
    fn push(&mut self, id: u64, ends: Timestamp, now: Timestamp) {
        let stays = ends.since(now).as_millis().checked_ilog2().unwrap_or(0);
        self.lines.entry(stays).or_default().push_back(Waiting { number: self.next, ends, id });
        self.next += 1;
    }

    fn len(&self) -> usize {
        self.lines.values().map(VecDeque::len).sum()
    }

    /// Takes out one whose window has ended unless it was renewed.
    fn pop_ended(&mut self, now: Timestamp) -> Option<u64> {
        let is_ended = |line: &&mut VecDeque<Waiting>| line.front().is_some_and(|first| first.ends <= now);
        self.lines.values_mut().find(is_ended)?.pop_front().map(|first| first.id)
    }

    /// Takes out the one that was put in first.
    fn pop_oldest(&mut self) -> Option<u64> {
        let number = |line: &&mut VecDeque<Waiting>| line.front().map_or(u64::MAX, |first| first.number);
        self.lines.values_mut().min_by_key(number)?.pop_front().map(|first| first.id)
    }

    /// Some in the order in which they were put in, from a number on.
    fn some_from(&self, number: u64, most: usize) -> Vec<Waiting> {
        let from = |line: &VecDeque<Waiting>| line.partition_point(|waiting| waiting.number < number);
        let mut some: Vec<_> =
            self.lines.values().flat_map(|line| line.range(from(line)..).take(most)).copied().collect();
        some.sort_unstable_by_key(|waiting| waiting.number);
        some.truncate(most);
        some
    }
}

impl Sessions {
    /// Room for `capacity` sessions, some 500 bytes each.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            next: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
            by_alias: DashMap::default(),
            sessions: DashMap::default(),
            queue: Mutex::default(),
            changes: AtomicU64::new(0),
        }
    }

    /// A code went out. `aliases` are the names that a verification may bring; `window` is how long it may come.
    /// A send whose phone (or, without one, whose client) has a session at the endpoint joins it.
    pub fn open(&self, send: OpenSend, mut aliases: Vec<Alias>, window: Span) {
        let now = send.at;
        self.expire(now);
        let ends = now + window;
        let joined = self.joinable(&aliases, send.phone.is_some());
        aliases.push(Alias::decision(send.decision));
        if joined.and_then(|id| self.join(id, &send, &aliases, ends)).is_none() {
            let id = self.next.fetch_add(1, Ordering::Relaxed);
            self.keep(id, Session { ends, aliases, sends: vec![(send, Outcomes::default())] }, now);
        }
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// What became of the session that goes by `alias`. A verification settles all its open sends; a delivery report
    /// settles the send of its decision, or the latest one where it names only the phone.
    pub fn settle(&self, alias: &Alias, outcome: OutcomeKind, now: Timestamp) -> Found {
        let Some(id) = self.by_alias.get(alias).map(|entry| *entry) else { return Found::Unmatched };
        let Some(mut session) = self.sessions.get_mut(&id) else { return Found::Unmatched };
        if session.ends <= now {
            return Found::Unmatched;
        }
        let settled = match outcome {
            OutcomeKind::Verified => session.verify(),
            OutcomeKind::Delivered | OutcomeKind::Undelivered => session.delivery(alias),
        };
        if settled.is_empty() {
            return Found::Already;
        }
        self.changes.fetch_add(1, Ordering::Relaxed);
        Found::Settled(settled)
    }

    /// Whether what a try says of itself is of two sessions: those who asked for codes to its phone are other clients,
    /// and its client asked for codes to other phones. Which of the two its app went by isn't known.
    pub fn at_odds(&self, aliases: &[Alias], now: Timestamp) -> bool {
        let find = |kind| {
            let alias = aliases.iter().find(|alias| alias.kind() == kind)?;
            let id = self.by_alias.get(alias).map(|entry| *entry)?;
            self.sessions.get(&id).filter(|session| now < session.ends).map(|_open| (alias, id))
        };
        let (Some((_, of_phone)), Some((client, of_client))) = (find(AliasKind::Phone), find(AliasKind::Client)) else {
            return false;
        };
        of_phone != of_client && self.sessions.get(&of_phone).is_some_and(|session| !session.aliases.contains(client))
    }

    /// The phone of the session that goes by `alias`: a verify request often names only its client.
    pub fn phone_of(&self, alias: &Alias, now: Timestamp) -> Option<Phone> {
        let id = self.by_alias.get(alias).map(|entry| *entry)?;
        let session = self.sessions.get(&id).filter(|session| now < session.ends)?;
        session.sends.last().and_then(|(send, _)| send.phone)
    }

    /// Sessions that are kept.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// The most that are kept.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Sessions that went before their window ended, because the table was full.
    pub fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
    }

    fn joinable(&self, aliases: &[Alias], has_phone: bool) -> Option<u64> {
        let own = |alias: &&Alias| match alias.kind() {
            AliasKind::Phone => true,
            AliasKind::Client => !has_phone,
            AliasKind::Exchange | AliasKind::Decision => false,
        };
        let alias = aliases.iter().find(own)?;
        self.by_alias.get(alias).map(|entry| *entry)
    }

    fn join(&self, id: u64, send: &OpenSend, aliases: &[Alias], ends: Timestamp) -> Option<()> {
        let mut session = self.sessions.get_mut(&id).filter(|session| session.ends > send.at)?;
        // A client whose last session was for a phone doesn't join it with a send that names none, or the reverse.
        if session.sends.last().is_some_and(|(last, _)| id_of(last) != id_of(send)) {
            return None;
        }
        session.ends = session.ends.max(ends);
        if session.sends.len() == MAX_SENDS {
            session.sends.remove(0);
        }
        session.sends.push((send.clone(), Outcomes::default()));
        for gone in session.name(aliases) {
            self.by_alias.remove_if(&gone, |_, holder| *holder == id);
        }
        // While the session is held: once it is forgotten nobody would take these names away.
        self.find_by(aliases, id);
        Some(())
    }

    fn keep(&self, id: u64, session: Session, now: Timestamp) {
        let ends = session.ends;
        // Until it is in the queue nobody forgets it.
        self.find_by(&session.aliases, id);
        self.sessions.insert(id, session);
        let mut queue = self.queue.lock();
        queue.push(id, ends, now);
        while queue.len() > self.capacity {
            let Some(oldest) = queue.pop_oldest() else { break };
            self.forget(oldest);
            self.evicted.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn find_by(&self, aliases: &[Alias], id: u64) {
        for alias in aliases {
            self.by_alias.insert(*alias, id);
        }
    }

    fn expire(&self, now: Timestamp) {
        let mut queue = self.queue.lock();
        while let Some(id) = queue.pop_ended(now) {
            match self.sessions.get(&id).map(|session| session.ends) {
                Some(renewed) if renewed > now => queue.push(id, renewed, now),
                Some(_) => self.forget(id),
                None => {}
            }
        }
    }

    fn forget(&self, id: u64) {
        if let Some((_, session)) = self.sessions.remove(&id) {
            for alias in &session.aliases {
                self.by_alias.remove_if(alias, |_, holder| *holder == id);
            }
        }
    }
}

/// What a snapshot takes out and puts back.
impl Sessions {
    /// Another number whenever something was opened or settled.
    pub(super) fn change_count(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    /// Some sessions in the order of the queue, from a place in it on, and the place to go on with; `None` at its end.
    /// One that is renewed meanwhile may come twice.
    pub(super) fn some_from(&self, place: u64, most: usize) -> Option<(Vec<u64>, u64)> {
        let some = self.queue.lock().some_from(place, most);
        let next = some.last()?.number + 1;
        Some((some.into_iter().map(|waiting| waiting.id).collect(), next))
    }

    /// A copy of one session, with those of its names that find it.
    pub(super) fn copy(&self, id: u64) -> Option<Session> {
        let mut session = self.sessions.get(&id).map(|session| session.clone())?;
        session.aliases.retain(|alias| self.by_alias.get(alias).is_some_and(|holder| *holder == id));
        Some(session)
    }

    /// Puts a session back. It must come after those before it in the queue. False where it is there already.
    pub(super) fn put(&self, id: u64, session: Session, now: Timestamp) -> bool {
        if self.sessions.contains_key(&id) {
            return false;
        }
        self.next.fetch_max(id.saturating_add(1), Ordering::Relaxed);
        self.keep(id, session, now);
        true
    }
}

fn id_of(send: &OpenSend) -> Option<Pseudonym> {
    send.phone.map(|phone| phone.id)
}

impl Session {
    /// It goes by these names too. Gives those that it no longer goes by: of decisions whose sends are gone, and what is too
    /// many of the others. The phone, by which sends join, is among the newest each time.
    fn name(&mut self, aliases: &[Alias]) -> Vec<Alias> {
        let Self { aliases: names, sends, .. } = self;
        names.retain(|name| !aliases.contains(name));
        names.extend(aliases);
        let mut too_many = names.iter().filter(|name| !name.is_decision()).count().saturating_sub(MAX_NAMES);
        let is_over = |name: &mut Alias| {
            if name.is_decision() {
                return !sends.iter().any(|(send, _)| name.is_of(send.decision));
            }
            let is_over = too_many > 0;
            too_many = too_many.saturating_sub(1);
            is_over
        };
        names.extract_if(.., is_over).collect()
    }

    fn verify(&mut self) -> Vec<OpenSend> {
        let open = self.sends.iter_mut().filter(|(_, outcomes)| !outcomes.verified);
        open.map(|(send, outcomes)| {
            outcomes.verified = true;
            send.clone()
        })
        .collect()
    }

    fn delivery(&mut self, alias: &Alias) -> Vec<OpenSend> {
        let named = |send: &OpenSend| match alias.kind() {
            AliasKind::Decision => Alias::decision(send.decision) == *alias,
            AliasKind::Phone | AliasKind::Client | AliasKind::Exchange => true,
        };
        let open = self.sends.iter_mut().rev().find(|(send, outcomes)| named(send) && !outcomes.delivery);
        open.map(|(send, outcomes)| {
            outcomes.delivery = true;
            send.clone()
        })
        .into_iter()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Country, Money, NumberKind, Range, Validity};
    use crate::privacy::{Pseudonyms, RawPhone};

    const WINDOW: Span = Span::minutes(10);

    fn phone(digits: u64) -> Phone {
        let raw = RawPhone::from_digits(digits).unwrap();
        Phone {
            id: Pseudonyms::new(&[1; 32]).phone(raw),
            country: Country::new("GB"),
            calling_code: 44,
            range: Range::new(raw.range()),
            last_two: raw.last_two(),
            kind: NumberKind::Mobile,
            validity: Validity::Valid,
            price: Money::default(),
        }
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_ms(1_795_197_600_000) + Span::seconds(seconds)
    }

    fn send(phone: Option<Phone>, seconds: u64, id: u64) -> OpenSend {
        OpenSend {
            decision: DecisionId::new(at(seconds), id),
            endpoint: "login".into(),
            at: at(seconds),
            phone,
            charge: None,
        }
    }

    fn alias(phone: Phone) -> Alias {
        Alias::phone("login", phone.id)
    }

    fn settled(found: Found) -> usize {
        match found {
            Found::Settled(sends) => sends.len(),
            Found::Already => 0,
            Found::Unmatched => usize::MAX,
        }
    }

    #[test]
    fn a_verification_settles_all_open_sends_of_its_phone_once() {
        let table = Sessions::new(10);
        let victim = phone(447_700_900_001);
        table.open(send(Some(victim), 0, 1), vec![alias(victim)], WINDOW);
        table.open(send(Some(victim), 60, 2), vec![alias(victim)], WINDOW);
        table.open(send(Some(phone(447_700_900_002)), 60, 3), vec![alias(phone(447_700_900_002))], WINDOW);
        assert_eq!(settled(table.settle(&alias(victim), OutcomeKind::Verified, at(70))), 2);
        assert!(matches!(table.settle(&alias(victim), OutcomeKind::Verified, at(71)), Found::Already));
        let by_decision = Alias::decision(DecisionId::new(at(60), 3));
        assert_eq!(settled(table.settle(&by_decision, OutcomeKind::Verified, at(72))), 1);
    }

    #[test]
    fn a_verification_after_the_window_finds_nothing() {
        let table = Sessions::new(10);
        let someone = phone(447_700_900_001);
        table.open(send(Some(someone), 0, 1), vec![alias(someone)], WINDOW);
        assert!(matches!(table.settle(&alias(someone), OutcomeKind::Verified, at(600)), Found::Unmatched));
        table.open(send(None, 700, 2), vec![], WINDOW);
        assert_eq!(table.len(), 1, "the ended session is forgotten");
    }

    #[test]
    fn a_renewed_session_outlives_its_first_window() {
        let table = Sessions::new(10);
        let someone = phone(447_700_900_001);
        table.open(send(Some(someone), 0, 1), vec![alias(someone)], WINDOW);
        table.open(send(Some(someone), 500, 2), vec![alias(someone)], WINDOW);
        table.open(send(None, 700, 3), vec![], WINDOW);
        assert_eq!(settled(table.settle(&alias(someone), OutcomeKind::Verified, at(1000))), 2);
    }

    #[test]
    fn a_short_session_ends_behind_a_long_one_and_is_not_joined() {
        let (table, short) = (Sessions::new(10), Span::seconds(30));
        let (day, someone) = (phone(447_700_900_001), phone(447_700_900_002));
        table.open(send(Some(day), 0, 1), vec![alias(day)], Span::hours(24));
        table.open(send(Some(someone), 0, 2), vec![alias(someone)], short);
        table.open(send(Some(someone), 3600, 3), vec![alias(someone)], short);
        assert_eq!(table.len(), 2, "the ended session is forgotten");
        assert_eq!(settled(table.settle(&alias(someone), OutcomeKind::Verified, at(3601))), 1);
    }

    #[test]
    fn an_ended_session_that_is_still_there_is_not_joined() {
        let (table, someone) = (Sessions::new(10), phone(447_700_900_001));
        table.open(send(Some(phone(447_700_900_002)), 0, 1), vec![], Span::seconds(59));
        table.open(send(Some(someone), 0, 2), vec![alias(someone)], Span::seconds(40));
        table.open(send(Some(someone), 45, 3), vec![alias(someone)], Span::seconds(40));
        assert_eq!(table.len(), 3, "as long, roughly, as the one before it");
        assert_eq!(settled(table.settle(&alias(someone), OutcomeKind::Verified, at(46))), 1);
    }

    #[test]
    fn a_client_finds_its_latest_session_and_phones_stay_apart() {
        let table = Sessions::new(10);
        let client = Alias::client("login", Pseudonyms::new(&[1; 32]).client(b"sid"));
        let (first, second) = (phone(447_700_900_001), phone(447_700_900_002));
        table.open(send(Some(first), 0, 1), vec![alias(first), client], WINDOW);
        table.open(send(Some(second), 10, 2), vec![alias(second), client], WINDOW);
        assert_eq!(table.phone_of(&client, at(11)), Some(second));
        assert_eq!(settled(table.settle(&client, OutcomeKind::Verified, at(11))), 1);
        assert_eq!(settled(table.settle(&alias(first), OutcomeKind::Verified, at(12))), 1);
    }

    #[test]
    fn a_delivery_report_settles_one_send() {
        let table = Sessions::new(10);
        let someone = phone(447_700_900_001);
        for id in 1..=3 {
            table.open(send(Some(someone), id, id), vec![alias(someone)], WINDOW);
        }
        let second = Alias::decision(DecisionId::new(at(2), 2));
        assert_eq!(settled(table.settle(&second, OutcomeKind::Delivered, at(9))), 1);
        assert!(matches!(table.settle(&second, OutcomeKind::Delivered, at(9)), Found::Already));
        assert_eq!(settled(table.settle(&alias(someone), OutcomeKind::Undelivered, at(9))), 1);
        assert_eq!(settled(table.settle(&alias(someone), OutcomeKind::Undelivered, at(9))), 1);
        assert!(matches!(table.settle(&alias(someone), OutcomeKind::Undelivered, at(9)), Found::Already));
    }

    #[test]
    fn names_of_one_session_are_bounded_and_its_newest_sends_are_still_found() {
        let table = Sessions::new(10);
        let (names, victim) = (Pseudonyms::new(&[1; 32]), phone(447_700_900_001));
        let client = |id: u64| Alias::client("login", names.client(&id.to_le_bytes()));
        for id in 0..1000 {
            table.open(send(Some(victim), id, id), vec![alias(victim), client(id)], WINDOW);
        }
        assert_eq!(table.by_alias.len(), MAX_NAMES + MAX_SENDS);
        assert_eq!(table.copy(0).map(|session| session.aliases.len()), Some(MAX_NAMES + MAX_SENDS));
        for named in [client(999), Alias::decision(DecisionId::new(at(985), 985))] {
            assert_eq!(table.phone_of(&named, at(1000)), Some(victim));
        }
        assert_eq!(settled(table.settle(&alias(victim), OutcomeKind::Verified, at(1000))), MAX_SENDS);
    }

    #[test]
    fn names_of_sessions_that_another_thread_forgets_are_forgotten_too() {
        let table = Sessions::new(1);
        let phones = [phone(447_700_900_001), phone(447_700_900_002)];
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let table = &table;
                scope.spawn(move || {
                    for turn in 0..5_000 {
                        let someone = phones[turn % 2];
                        table.open(send(Some(someone), 0, thread * 5_000 + turn as u64), vec![alias(someone)], WINDOW);
                    }
                });
            }
        });
        let left = table.by_alias.iter().filter(|entry| !table.sessions.contains_key(entry.value())).count();
        assert_eq!(left, 0, "names of what isn't there");
    }

    #[test]
    fn a_full_table_lets_the_oldest_go_and_counts_it() {
        let table = Sessions::new(3);
        for index in 0..10 {
            let someone = phone(447_700_900_000 + index);
            table.open(send(Some(someone), index, index), vec![alias(someone)], WINDOW);
        }
        assert_eq!((table.len(), table.evicted(), table.by_alias.len()), (3, 7, 6));
        assert!(matches!(table.settle(&alias(phone(447_700_900_000)), OutcomeKind::Verified, at(9)), Found::Unmatched));
        assert_eq!(settled(table.settle(&alias(phone(447_700_900_009)), OutcomeKind::Verified, at(9))), 1);
    }
}
