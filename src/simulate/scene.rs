//! Where actors act: what they share, and the lines that they write, put in the order of time.
//!
//! An actor is woken at a time, writes lines of that time or later, and says when it wants to be woken next. So a trace
//! of any length needs only the lines that lie ahead of the clock.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use super::known::Known;
use super::lines::{Ask, Line, Waiting, Who};
use super::people::outage::Lost;
use super::visit::Habits;
use super::world::World;
use crate::random::Random;
use crate::trace::Event;

/// Somebody who makes traffic.
pub(super) trait Actor {
    /// Acts at `now`, in Unix milliseconds; gives the time of the next act, or `None` at the end.
    fn act(&mut self, now: u64, scene: &mut Scene) -> Option<u64>;
}

/// What all actors share.
pub(super) struct Scene {
    /// Name of the scenario, the row of the report for those whom it is about.
    pub(super) name: &'static str,
    /// The row for people who are just there.
    pub(super) background: String,
    /// Messages a minute of the ordinary day.
    pub(super) rate: f64,
    /// The service.
    pub(super) world: World,
    /// How its users behave.
    pub(super) habits: Habits,
    /// Users who have been there.
    pub(super) known: Known,
    /// Ranges that an attack aims at; users in them are a row of their own.
    pub(super) aimed: HashSet<String>,
    /// Phones of users that a bomber harasses; what these users do themselves is a row of its own too.
    pub(super) victims: HashSet<String>,
    /// Whose messages don't arrive at the moment.
    pub(super) outage: Option<Lost>,
    /// First time that is no more told.
    pub(super) end: u64,
    endpoint: String,
    lines: BinaryHeap<Reverse<Waiting>>,
    written: u64,
    sends: u64,
}

impl Scene {
    /// An empty one.
    pub(super) fn new(
        name: &'static str,
        background: String,
        endpoint: String,
        world: World,
        random: &mut Random,
    ) -> Self {
        Self {
            name,
            background,
            rate: 10.0,
            world,
            habits: Habits::any(random),
            known: Known::default(),
            aimed: HashSet::new(),
            victims: HashSet::new(),
            outage: None,
            end: u64::MAX,
            endpoint,
            lines: BinaryHeap::new(),
            written: 0,
            sends: 0,
        }
    }

    /// Writes a line at a time that is not before the actor's.
    pub(super) fn write(&mut self, ts: u64, line: Line) {
        if ts < self.end {
            self.lines.push(Reverse(Waiting { ts, order: self.written, line }));
            self.written += 1;
        }
    }

    /// The time of the first line that waits.
    fn next_line(&self) -> Option<u64> {
        self.lines.peek().map(|Reverse(waiting)| waiting.ts)
    }

    fn take_line(&mut self) -> Option<Event<'static>> {
        let Reverse(Waiting { ts, line, .. }) = self.lines.pop()?;
        self.sends += u64::from(line.ask.is_some());
        let scenario = line.ask.as_ref().map(|ask| self.row(ask)).unwrap_or_default();
        let price = line.ask.as_ref().map_or(0.0, |ask| self.world.price(ask.phone.country));
        Some(line.into_event(ts, self.sends, &self.endpoint, scenario, price))
    }

    /// The row of the report.
    fn row(&self, ask: &Ask) -> Cow<'static, str> {
        let is_aimed = self.aimed.contains(ask.phone.range());
        let part = match ask.who {
            Who::Attacker => return self.name.into(),
            _ if self.victims.contains(&ask.phone.text) => "victims",
            Who::Known if is_aimed => "known users",
            Who::Guest | Who::Subject if is_aimed => "new users",
            Who::Subject => return self.name.into(),
            Who::Guest | Who::Known => return self.background.clone().into(),
        };
        format!("{} {part}", self.name).into()
    }
}

/// Everyone, in the order of time.
pub(super) struct Play {
    scene: Scene,
    actors: Vec<Box<dyn Actor>>,
    due: BinaryHeap<Reverse<(u64, usize)>>,
}

impl Play {
    /// Nobody yet.
    pub(super) fn new(scene: Scene) -> Self {
        Self { scene, actors: Vec::new(), due: BinaryHeap::new() }
    }

    /// One more, who begins at `ts`.
    pub(super) fn enter(&mut self, ts: u64, actor: impl Actor + 'static) {
        self.due.push(Reverse((ts, self.actors.len())));
        self.actors.push(Box::new(actor));
    }

    /// What actors share.
    pub(super) fn scene(&mut self) -> &mut Scene {
        &mut self.scene
    }
}

impl Iterator for Play {
    type Item = Event<'static>;

    fn next(&mut self) -> Option<Event<'static>> {
        while let Some(Reverse((now, index))) = self.due.peek().copied() {
            // What an actor writes is not before its own time: lines that are not after it are in order.
            if self.scene.next_line().is_some_and(|line| line <= now) {
                break;
            }
            self.due.pop();
            if now >= self.scene.end {
                continue;
            }
            if let Some(next) = self.actors[index].act(now, &mut self.scene) {
                self.due.push(Reverse((next.max(now), index)));
            }
        }
        self.scene.take_line()
    }
}
