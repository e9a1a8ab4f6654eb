//! What rules may ask of the engine: its opinion of an attempt before any of them had its say.

use super::ladder::heat;
use super::{Standing, score_of};
use crate::domain::Rung;
use crate::rules::Signals;

impl Standing {
    /// Heat and pressure of the first rung, and where the ladder would leave the attempt.
    pub(crate) fn signals(&self, proven: Rung) -> Signals {
        let views = self.rungs[0].as_ref();
        let outage = self.outage();
        let most = |of: fn(&crate::cells::View, f32) -> f32| {
            views.into_iter().flatten().flatten().map(|view| of(view, outage)).fold(0.0, f32::max)
        };
        let climb = self.climb(proven);
        Signals {
            trust: self.trust,
            heat: most(|view, outage| heat(view, Rung::None, outage)),
            pressure: most(|view, _| view.pressure),
            prior: self.prior,
            score: score_of(climb.heat),
            rung: climb.rung,
            proven,
            page_seen: self.page_seen,
        }
    }
}
