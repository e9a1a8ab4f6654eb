//! Simulated people and one bomber, over real HTTP through sendwall. Same seed, same people.
//!
//! Must not know: how sendwall decides. Every number and every address here is set aside for examples: telephone
//! numbers for drama (Ofcom, ARCEP, NANPA), addresses of RFC 2544 and RFC 3849.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use serde_json::json;
use tokio::sync::Semaphore;

use super::browser::{Answer, Browser, Failed};
use super::tally::{Tally, Who};
use crate::domain::Span;
use crate::random::Random;
use crate::tasks::Tasks;

/// People at the page at the same time; when it is full, the next one doesn't come.
const MAX_PEOPLE: usize = 200;
/// Pause between two people, in milliseconds: 1.7 a second on average, never more than 5.
const ARRIVAL_MS: (u64, u64) = (200, 1000);
/// Pause between two requests of the bomber, in milliseconds: 2 to 4 a second.
const BOMBER_MS: (u64, u64) = (250, 500);
/// Of a hundred people, those who type the code in.
const VERIFY_PERCENT: u64 = 85;
/// Of a hundred others, those who ask for another code.
const RESEND_PERCENT: u64 = 50;
/// Of a hundred requests of the bomber, those for its main victim.
const VICTIM_PERCENT: u64 = 60;
const VICTIM: &str = "+447700900942";

type Headers = &'static [(&'static str, &'static str)];

const CHROME: Headers = &[
    ("sec-ch-ua-platform", "\"Windows\""),
    (
        "user-agent",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    ),
    ("sec-ch-ua", "\"Chromium\";v=\"142\", \"Google Chrome\";v=\"142\", \"Not_A Brand\";v=\"99\""),
    ("sec-ch-ua-mobile", "?0"),
    ("accept", "*/*"),
    ("sec-fetch-site", "same-origin"),
    ("sec-fetch-mode", "cors"),
    ("sec-fetch-dest", "empty"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("accept-language", "en-GB,en;q=0.9"),
];
const SAFARI: Headers = &[
    ("accept", "*/*"),
    ("sec-fetch-site", "same-origin"),
    ("sec-fetch-dest", "empty"),
    ("accept-language", "en-GB,en;q=0.9"),
    ("sec-fetch-mode", "cors"),
    (
        "user-agent",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
         Version/26.0 Mobile/15E148 Safari/604.1",
    ),
    ("accept-encoding", "gzip, deflate, br"),
];
const FIREFOX: Headers = &[
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"),
    ("accept", "*/*"),
    ("accept-language", "en-US,en;q=0.5"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("sec-fetch-dest", "empty"),
    ("sec-fetch-mode", "cors"),
    ("sec-fetch-site", "same-origin"),
];
const SCRIPT: Headers = &[
    ("user-agent", "python-requests/2.32.3"),
    ("accept-encoding", "gzip, deflate"),
    ("accept", "*/*"),
    ("connection", "keep-alive"),
];

/// Everyone who uses the demo app.
pub(super) struct Traffic {
    /// Where sendwall listens.
    pub(super) proxy: SocketAddr,
    /// How many times faster than life people read and type.
    pub(super) hurry: u64,
    /// What became of their requests.
    pub(super) tally: Arc<Tally>,
    /// Spawns them, and tells them to stop.
    pub(super) tasks: Tasks,
}

impl Traffic {
    /// Starts people and bomber; they go on until the tasks are told to stop.
    pub(super) fn start(self, mut random: Random) {
        let traffic = Arc::new(self);
        traffic.spawn("demo people", Arc::clone(&traffic).people(random.split()));
        traffic.spawn("demo bomber", Arc::clone(&traffic).bomber(random.split()));
    }

    fn spawn(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let stopping = self.tasks.stopping();
        self.tasks.spawn(name, async move {
            stopping.run_until_cancelled(work).await;
        });
    }

    async fn people(self: Arc<Self>, mut random: Random) {
        let room = Arc::new(Semaphore::new(MAX_PEOPLE));
        for index in 0.. {
            let own = random.split();
            if let Ok(place) = Arc::clone(&room).try_acquire_owned() {
                let traffic = Arc::clone(&self);
                self.spawn("demo person", async move {
                    traffic.person(index, own).await;
                    drop(place);
                });
            }
            pause(random.between(ARRIVAL_MS.0, ARRIVAL_MS.1)).await;
        }
    }

    /// One person: loads the page, reads, asks, and mostly types in what comes.
    async fn person(&self, index: u64, mut random: Random) {
        let phone = phone_of_person(index);
        let headers = random.pick([CHROME, CHROME, SAFARI, SAFARI, FIREFOX]);
        let mut browser = Browser::new(self.proxy, address_of_person(&mut random), headers);
        if answered(browser.get("/").await).is_none() {
            return;
        }
        self.live(random.between(2_000, 10_000)).await;
        let sent = self.ask_patiently(&mut browser, &phone).await;
        if !sent {
            return;
        }
        if !random.chance(VERIFY_PERCENT) {
            if !random.chance(RESEND_PERCENT) {
                return;
            }
            // Limits count real time, so this wait is not made shorter.
            pause(random.between(30_000, 60_000)).await;
            if !self.ask_patiently(&mut browser, &phone).await {
                return;
            }
        }
        self.live(random.between(3_000, 15_000)).await;
        self.type_code(&mut browser, &phone).await;
    }

    /// Asks for a code; told to wait, a person waits and asks once more.
    async fn ask_patiently(&self, browser: &mut Browser, phone: &str) -> bool {
        for _ in 0..2 {
            let Some(answer) = self.ask(Who::Person, browser, phone).await else { return false };
            if answer.status.is_success() {
                return true;
            }
            let Some(wait) = answer.retry_after.filter(|wait| *wait <= Span::minutes(2)) else { return false };
            pause(wait.as_millis()).await;
        }
        false
    }

    async fn type_code(&self, browser: &mut Browser, phone: &str) {
        let path = format!("/api/inbox?phone={}", phone.replace('+', "%2B"));
        let Some(inbox) = answered(browser.get(&path).await) else { return };
        let messages = inbox.body.pointer("/messages").and_then(serde_json::Value::as_array);
        let newest = messages.and_then(|all| all.last()?.pointer("/text")?.as_str());
        let Some(code) = newest.and_then(|text| text.split(' ').next()) else { return };
        let tried = browser.post("/api/verify", &json!({ "phone": phone, "code": code })).await;
        if answered(tried).is_some_and(|answer| answer.body.pointer("/ok") == Some(&json!(true))) {
            self.tally.verified(Who::Person);
        }
    }

    /// A script: no page, no cookies, a new address each time, one victim and a few others.
    async fn bomber(self: Arc<Self>, mut random: Random) {
        let mut browser = Browser::new(self.proxy, IpAddr::V4(Ipv4Addr::new(198, 19, 0, 1)), SCRIPT);
        loop {
            pause(random.between(BOMBER_MS.0, BOMBER_MS.1)).await;
            let phone = if random.chance(VICTIM_PERCENT) {
                VICTIM.to_owned()
            } else {
                format!("+44770090095{}", random.below(10))
            };
            browser.set_address(benchmark_address(19, &mut random));
            self.ask(Who::Bomber, &mut browser, &phone).await;
        }
    }

    async fn ask(&self, who: Who, browser: &mut Browser, phone: &str) -> Option<Answer> {
        const PATH: &str = "/api/send-code";
        let body = json!({ "phone": phone });
        let mut answer = answered(browser.post(PATH, &body).await)?;
        self.tally.claim(who, answer.decision);
        // People's browsers solve what they are asked; a bomber's script has nothing that could.
        if who == Who::Person {
            answer = answered(browser.solve(answer, PATH, &body, &self.tasks).await)?;
            self.tally.claim(who, answer.decision);
        }
        // The app refuses nobody, so this is sendwall's word.
        self.tally.asked(who, !answer.status.is_client_error());
        Some(answer)
    }

    /// Time that passes at the person's end, made shorter by `hurry`.
    async fn live(&self, ms: u64) {
        pause(ms / self.hurry.max(1)).await;
    }
}

/// A client that gets no answer shrugs and goes away.
fn answered(answer: Result<Answer, Failed>) -> Option<Answer> {
    answer.inspect_err(|failed| tracing::debug!(%failed, "a simulated client got no answer")).ok()
}

async fn pause(ms: u64) {
    tokio::time::sleep(Span::millis(ms).to_duration()).await;
}

/// A number set aside for drama; each is given out once before any comes again. The last ones of the British range are
/// kept for the bomber's victims, the first ones for whoever tries the page.
fn phone_of_person(index: u64) -> String {
    const AREAS: [u64; 8] = [206, 212, 303, 312, 415, 503, 617, 702];
    let turn = index / 3;
    match index % 3 {
        0 => format!("+447700900{:03}", 200 + turn * 101 % 700),
        1 => format!("+33639{:06}", 980_000 + turn * 1_009 % 10_000),
        _ => {
            let line = turn * 37 % 800;
            let area = AREAS.get(usize::try_from(line / 100).unwrap_or(0)).copied().unwrap_or(206);
            format!("+1{area}55501{:02}", line % 100)
        }
    }
}

/// One in five has IPv6, the others IPv4.
fn address_of_person(random: &mut Random) -> IpAddr {
    if random.chance(20) {
        let [a, b, c, d, ..] = random.bits().to_be_bytes();
        let (net, host) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        return IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, net, host, 0, 0, 0, 1));
    }
    benchmark_address(18, random)
}

fn benchmark_address(second: u8, random: &mut Random) -> IpAddr {
    let [third, fourth, ..] = random.bits().to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(198, second, third, fourth))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn people_have_numbers_of_their_own_and_none_is_the_victims() {
        let phones: Vec<String> = (0..2100).map(phone_of_person).collect();
        assert_eq!(phones.iter().collect::<HashSet<_>>().len(), phones.len());
        assert!(phones.iter().all(|phone| (12..=13).contains(&phone.len())), "{phones:?}");
        assert!(phones.iter().all(|phone| !phone.starts_with("+4477009009")));
    }

    #[test]
    fn addresses_are_those_set_aside_for_examples() {
        let mut random = Random::seeded(3);
        for _ in 0..1000 {
            match address_of_person(&mut random) {
                IpAddr::V4(v4) => assert_eq!(v4.octets()[..2], [198, 18]),
                IpAddr::V6(v6) => assert_eq!(v6.segments()[..2], [0x2001, 0xdb8]),
            }
        }
    }
}
