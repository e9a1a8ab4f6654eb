//! What is counted and logged of captchas.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use tracing::{error, info};

/// Captchas, since the start of the process.
#[derive(Debug, Default)]
pub struct CaptchaCounters {
    answers: Family<Answer, Counter>,
    drawn: Family<Medium, Counter>,
    let_pass: Family<Provider, Counter>,
    sms: Family<Sms, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    provider: Arc<str>,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Medium {
    medium: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Provider {
    provider: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Sms {
    hook: Arc<str>,
    result: &'static str,
}

impl CaptchaCounters {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let counters = Self::default();
        let Self { answers, drawn, let_pass, sms } = &counters;
        registry.register("captcha_answers", "Answers to captchas, by what came of them", answers.clone());
        registry.register("captcha_drawn", "Pictures drawn and digits spoken", drawn.clone());
        let help = "Clients that passed without a proof while their captcha's provider did not answer";
        registry.register("captcha_passed_unproven", help, let_pass.clone());
        registry.register("captcha_sms", "Calls of hooks that tell of SMS from users", sms.clone());
        counters
    }

    /// A captcha was answered.
    pub fn answered(&self, provider: &Arc<str>, result: &'static str) {
        self.answers.get_or_create(&Answer { provider: Arc::clone(provider), result }).inc();
    }

    /// A picture was drawn, or digits were spoken.
    pub fn drawn(&self, medium: &'static str) {
        self.drawn.get_or_create(&Medium { medium }).inc();
    }

    /// A client passed because its captcha's provider is down.
    pub fn let_pass(&self, provider: &Arc<str>) {
        self.let_pass.get_or_create(&Provider { provider: Arc::clone(provider) }).inc();
    }

    /// A hook was called.
    pub fn sms(&self, hook: &Arc<str>, result: &'static str) {
        self.sms.get_or_create(&Sms { hook: Arc::clone(hook), result }).inc();
    }
}

/// A captcha's provider failed so often that it is left alone for a while, or it answers again.
#[derive(Clone, Copy, Debug)]
pub struct CaptchaProviderChanged<'a> {
    /// Its name in the configuration.
    pub provider: &'a str,
    /// Why it failed last; `None`: it answers.
    pub failed: Option<&'a str>,
}

impl CaptchaProviderChanged<'_> {
    /// Logs.
    pub fn emit(&self) {
        let provider = self.provider;
        if let Some(reason) = self.failed {
            let what = "a captcha's provider fails and is left alone for a while; `when_down` holds for its users";
            error!(provider, reason, "{what}");
        } else {
            info!(provider, "a captcha's provider answers again");
        }
    }
}
