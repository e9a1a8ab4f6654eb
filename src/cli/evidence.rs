//! What the evidence engine shows of an attempt, as `explain` prints it: the look with its parts, and every cell.

use serde_json::{Map, Value, json};

use crate::cells::View;
use crate::decide::{self, Standing};
use crate::domain::{Facts, Rung};

const RUNGS: [Rung; 3] = [Rung::None, Rung::Pow, Rung::Captcha];

/// The fields `prior` and `cells`.
pub(super) fn shown(standing: &Standing, looks: &[(&'static str, f32)], facts: &Facts) -> Map<String, Value> {
    let parts: Vec<_> = looks.iter().map(|(look, share)| json!({ "look": look, "share": round(*share) })).collect();
    let mut fields = Map::new();
    fields.insert("prior".to_owned(), json!({ "heat": round(standing.prior), "parts": parts }));
    fields.insert("cells".to_owned(), cells(standing, facts));
    fields
}

/// A cell with what each rung shows: heat and open sends are the rung's own, the rest is common to all.
fn cells(standing: &Standing, facts: &Facts) -> Value {
    let Some(first) = &standing.rungs[0] else { return Value::Array(Vec::new()) };
    let cell = |(index, base): (usize, &View)| {
        let own = |rung: Rung| {
            let view = standing.rungs[rung as usize].as_ref()?[index]?;
            let (heat, evidence, open, bound) =
                (round(view.heat), round(view.evidence), round(view.open), round(view.bound));
            Some((rung.name().to_owned(), json!({ "heat": heat, "evidence": evidence, "open": open, "bound": bound })))
        };
        json!({
            "kind": base.kind.name(),
            "value": decide::shown(base.kind, facts),
            "rungs": RUNGS.into_iter().filter_map(own).collect::<Map<_, _>>(),
            "pressure": round(base.pressure),
            "rate": round(base.rate),
            "explained": round(base.explained),
            "sent": round(base.sent),
            "verified": round(base.verified),
            "outage": round(base.outage),
            "half_life": base.half_life,
        })
    };
    first.iter().enumerate().filter_map(|(index, view)| Some(cell((index, view.as_ref()?)))).collect()
}

fn round(number: f32) -> f64 {
    (f64::from(number) * 100.0).round() / 100.0
}
