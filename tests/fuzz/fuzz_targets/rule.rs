//! Any text as a condition of a rule: refused with a place in it, or a condition that is asked without failing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sendwall::rules::{Catalogue, Conditions, Expression, Frame, RULES};

fuzz_target!(|text: &str| {
    let catalogue = Catalogue { lists: Vec::new(), limits: None, endpoints: None };
    match Expression::parse_with(text, &RULES, &catalogue) {
        Ok(expression) => {
            let shared = Conditions::new([&expression], Vec::new());
            let condition = shared.lower(&expression);
            let frame = shared.numbered(Frame::given());
            let holds = condition.holds(&shared, &frame);
            let steps = condition.explain(&shared, &frame);
            assert!(steps.first().is_none_or(|step| step.value.is_true() == holds));
        }
        Err(error) => assert!(error.column >= 1 && error.column <= text.len() + 1),
    }
});
