//! What a client is offered: the ways of its endpoint, in the operator's order.

use serde::Serialize;

use super::answer::{self, What};
use super::settings::{Kind, Provider, Way, WhenDown};
use super::{Waiting, Word, picture};
use crate::challenge::seal::Part;
use crate::challenge::{Asker, Bound, Challenges, SOLVE_PATH, Settings, Ticket, TooMany};
use crate::domain::{ChallengeKind, Timestamp};

/// A captcha to be solved, as clients get it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Issued {
    /// What it is.
    pub kind: ChallengeKind,
    /// Where the solution goes.
    pub solve: &'static str,
    /// Unix seconds.
    pub expires: u64,
    /// Goes along with the solution.
    pub token: String,
    /// Any one of these will do.
    pub offers: Vec<Offer>,
}

/// One way to solve it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Offer {
    /// Letters in a picture, or digits by ear.
    Image {
        /// `image`.
        provider: &'static str,
        /// Path of the picture.
        image: String,
        /// Path of the sound; `?lang=` chooses its language.
        audio: String,
        /// Letters and digits.
        length: usize,
    },
    /// Somebody else's widget.
    Widget {
        /// Its name.
        provider: &'static str,
        /// What it is given.
        sitekey: Box<str>,
        /// What it is told it is for.
        #[serde(skip_serializing_if = "Option::is_none")]
        action: Option<String>,
        /// What ties its token to this challenge.
        #[serde(skip_serializing_if = "Option::is_none")]
        cdata: Option<String>,
        /// The instance that the operator runs.
        #[serde(skip_serializing_if = "Option::is_none")]
        url: Option<String>,
    },
    /// The user texts a word.
    Sms {
        /// `sms`.
        provider: &'static str,
        /// Where to.
        to: Box<str>,
        /// The word.
        text: String,
        /// Opens an SMS with the word in it.
        link: String,
    },
}

impl Challenges {
    /// Issues a captcha that can be solved by any of `ways`.
    pub fn issue_captcha(
        &self,
        settings: &Settings,
        asker: &Asker,
        ways: &[Way],
        now: Timestamp,
    ) -> Result<Issued, TooMany> {
        let ticket = self.ticket(settings, asker, ChallengeKind::Captcha, now)?;
        let has_phone = matches!(asker.binding.phone, Bound::To(Some(_)));
        if has_phone && ways.iter().any(|way| matches!(way, Way::Sms(_))) {
            self.wait_for_word(&ticket, now);
        }
        Ok(self.offer(&ticket, &asker.binding.endpoint, ways, now))
    }

    /// What is offered for a ticket now.
    pub(super) fn offer(&self, ticket: &Ticket, endpoint: &str, ways: &[Way], now: Timestamp) -> Issued {
        let mut offers = Vec::with_capacity(ways.len());
        let is_down = |provider: &Provider| self.captchas.lines.is_down(&provider.name, now);
        for way in ways {
            match way {
                Way::Image => offers.push(self.image(ticket, now)),
                Way::Provider(provider) => match provider.when_down {
                    WhenDown::Image if is_down(provider) => {}
                    WhenDown::Image | WhenDown::Refuse | WhenDown::Pass { .. } => {
                        offers.push(self.widget(ticket, endpoint, provider));
                    }
                },
                Way::Sms(inbound) => offers.extend(self.waits(ticket, now).map(|text| Offer::Sms {
                    provider: "sms",
                    to: inbound.number.clone(),
                    link: inbound.link(&text),
                    text,
                })),
            }
        }
        let has_image = ways.iter().any(|way| matches!(way, Way::Image));
        if !has_image && self.image_counts(ticket, ways) {
            offers.push(self.image(ticket, now));
        }
        let token = self.token(ticket);
        Issued { kind: ticket.kind, solve: SOLVE_PATH, expires: ticket.expires.unix_s(), token, offers }
    }

    /// Whether a picture counts: where the endpoint has it, and in place of a provider that was down meanwhile.
    pub(super) fn image_counts(&self, ticket: &Ticket, ways: &[Way]) -> bool {
        ways.iter().any(|way| match way {
            Way::Image => true,
            Way::Provider(provider) => {
                provider.when_down == WhenDown::Image && self.captchas.lines.was_down(&provider.name, ticket.issued)
            }
            Way::Sms(_) => false,
        })
    }

    fn image(&self, ticket: &Ticket, now: Timestamp) -> Offer {
        let round = self.captchas.tries.get(ticket.nonce, now).unwrap_or_default().round();
        let name = picture::name(&self.secrets.seals, ticket, round);
        Offer::Image {
            provider: "image",
            image: format!("/_sendwall/captcha/{name}.png"),
            audio: format!("/_sendwall/captcha/{name}.wav"),
            length: answer::LETTERS,
        }
    }

    fn widget(&self, ticket: &Ticket, endpoint: &str, provider: &Provider) -> Offer {
        let told = matches!(provider.kind, Kind::Turnstile | Kind::RecaptchaV3);
        Offer::Widget {
            provider: provider.kind.name(),
            sitekey: provider.site_key.clone(),
            action: told.then(|| action(provider.kind, endpoint)),
            cdata: (provider.kind == Kind::Turnstile).then(|| self.cdata(ticket)).flatten(),
            url: provider.instance(),
        }
    }

    /// What ties a token to its ticket. Where keys have turned since, the ticket's is one of these.
    pub(super) fn cdata_any(&self, ticket: &Ticket) -> impl Iterator<Item = String> {
        self.secrets.seals.blind(ticket.nonce, Part::Cdata, &[]).map(|bits| format!("{bits:016x}"))
    }

    fn cdata(&self, ticket: &Ticket) -> Option<String> {
        self.cdata_any(ticket).next()
    }

    /// Notes that a word is waited for. Where there is no room, or another waits for the same, SMS isn't offered.
    fn wait_for_word(&self, ticket: &Ticket, now: Timestamp) {
        let Some(word) = self.word(ticket) else { return };
        let enter = |there: Option<Waiting>| (Some(there.unwrap_or(Waiting { ticket: *ticket, came: false })), ());
        if self.captchas.words.change(word, (ticket.expires, now), enter).is_err() {
            self.counters.not_issued("words");
        }
    }

    /// The word of a ticket, where it is waited for.
    fn waits(&self, ticket: &Ticket, now: Timestamp) -> Option<String> {
        let word = self.word(ticket)?;
        self.captchas.words.get(word, now).filter(|waiting| waiting.ticket.nonce == ticket.nonce)?;
        Some(String::from_utf8_lossy(&word).into_owned())
    }

    /// The word of a ticket. Words are looked up, so one of an older key isn't known.
    pub(super) fn word(&self, ticket: &Ticket) -> Option<Word> {
        answer::text(&self.secrets.seals, ticket.nonce, What::Word, 0).into_bytes().try_into().ok()
    }
}

/// The name of an endpoint as widgets take it: Turnstile 32 letters, digits, underscores and hyphens; reCAPTCHA no hyphens,
/// and nothing that tells users apart.
pub(super) fn action(kind: Kind, endpoint: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || (kind == Kind::Turnstile && c == '-');
    endpoint.chars().take(32).map(|c| if fits(c) { c } else { '_' }).collect()
}

impl Provider {
    /// Where the widget finds the operator's own instance: the part of the URL before its known end.
    fn instance(&self) -> Option<String> {
        let url = self.url.to_string();
        match self.kind {
            Kind::Cap => Some(url.strip_suffix("siteverify").unwrap_or(&url).to_owned()),
            Kind::Mcaptcha => Some(url.strip_suffix("api/v1/pow/siteverify").unwrap_or(&url).to_owned()),
            Kind::Turnstile | Kind::Hcaptcha | Kind::RecaptchaV2 | Kind::RecaptchaV3 | Kind::Geetest => None,
        }
    }
}
