//! What a model is worth, for people and for programs: its data, its measures, and what it must not be used for.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::json;

use super::measure::Measures;
use super::picture::{self, Bin};
use crate::model::FEATURES;

/// A model's card.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Card {
    /// The first digits of the model's checksum.
    pub model: Box<str>,
    /// What was chosen.
    pub kind: &'static str,
    /// What chance began with.
    pub seed: u64,
    /// What it was trained on.
    pub data: Data,
    /// On attempts that it was not trained on.
    pub measures: Measures,
    /// The mean square of what was said less what was true; 0 is best.
    pub brier: f64,
    /// The part of real users whose look alone asks for a proof.
    pub asked_real: f64,
    /// The same with plain weights in its place.
    pub plain_real: f64,
    /// Everything that was tried.
    pub compared: Vec<Compared>,
    /// Classes of abuse.
    pub classes: Vec<Class>,
    /// What it goes by.
    pub features: Vec<Importance>,
    /// What was said against what came true.
    pub calibration: Vec<Bin>,
}

/// What a model was trained on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Data {
    /// Attempts that were known or taken to be real. All of them are met in two passes, and count in each.
    pub real: u64,
    /// Attempts that were known or taken to be abuse.
    pub abuse: u64,
    /// Attempts that said nothing.
    pub silent: u64,
    /// Attempts that were learned from.
    pub learned_from: usize,
    /// Attempts that it was calibrated on.
    pub calibrated_on: usize,
    /// Attempts that it was measured on.
    pub measured_on: usize,
    /// Scenarios of traces, or endpoints of logs.
    pub scenarios: Vec<Box<str>>,
}

/// A kind of model and what it is worth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// What it is.
    pub name: &'static str,
    /// What it is worth.
    pub measures: Measures,
}

/// A class of abuse.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Class {
    /// Its name.
    pub name: Box<str>,
    /// How many attempts of it were there.
    pub attempts: usize,
    /// The part whose look alone asks for a proof, of those that were not learned from.
    pub asked: Option<f64>,
    /// The part that a model which never saw this class scores above all but one in a thousand real users.
    pub left_out: Option<f64>,
    /// The part that plain weights ask for a proof.
    pub plain: Option<f64>,
}

/// What a feature does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Importance {
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub words: &'static str,
    /// As in [`crate::model::Feature::direction`].
    pub direction: i8,
    /// How far it moves the prior on average.
    pub moves: f64,
}

/// What a model must not be used for.
const NOT_FOR: [&str; 4] = [
    "It says what an attempt looks like, never who somebody is: don't refuse, report or price anyone by it. In sendwall it \
     can ask for a proof and do nothing else.",
    "It knows traffic like that which it was trained on. Where the drift of a feature is reported, train it anew before \
     you trust it.",
    "A probability holds for the mixture of real use and abuse that it was trained on; elsewhere only the order counts.",
    "Language, country and network are among its features. They are no evidence against a person, and whoever asks for \
     nothing but one code is asked for a proof of work at most, which a browser solves by itself.",
];

impl Card {
    /// For programs.
    pub fn to_json(&self) -> String {
        let mut value = json!(self);
        if let Some(fields) = value.as_object_mut() {
            fields.insert("not_for".to_owned(), json!(NOT_FOR));
        }
        serde_json::to_string_pretty(&value).unwrap_or_default() + "\n"
    }

    /// The calibration as a picture.
    pub fn to_svg(&self) -> String {
        picture::svg(&self.calibration)
    }

    /// For people. The picture is taken to stand beside it under `picture`.
    pub fn to_markdown(&self, picture: &str) -> String {
        let mut text = String::new();
        let _written = self.write(&mut text, picture);
        text
    }

    fn write(&self, to: &mut String, picture: &str) -> std::fmt::Result {
        let Data { real, abuse, silent, learned_from, calibrated_on, measured_on, scenarios } = &self.data;
        writeln!(to, "# Model {}\n", self.model)?;
        writeln!(to, "A {} over {} features, trained with seed {}.\n", self.kind, FEATURES.len(), self.seed)?;
        writeln!(to, "## Data\n")?;
        writeln!(
            to,
            "{real} attempts of real use and {abuse} of abuse were met in two passes over the data, one that forwards all and one \
             that refuses what the engine can; {silent} said nothing. {learned_from} were learned from, \
             {calibrated_on} calibrated it, {measured_on} only measured it: whole stretches of time, so that no attack is \
             measured by its own neighbours. From: {}.\n",
            scenarios.join(", ")
        )?;
        writeln!(to, "## What it is worth\n")?;
        writeln!(
            to,
            "On attempts that it was not learned from. Recall and precision are taken at the score that 0.1 % and 1 % of"
        )?;
        writeln!(to, "real users exceed.\n")?;
        writeln!(to, "| | AUC | recall at 0.1 % | precision | recall at 1 % | precision |\n|---|---|---|---|---|---|")?;
        for Compared { name, measures } in &self.compared {
            let chosen = if *name == self.kind { " (chosen)" } else { "" };
            writeln!(
                to,
                "| {name}{chosen} | {:.4} | {} | {} | {} | {} |",
                measures.auc,
                percent(Some(measures.recall_at_0_1_percent)),
                percent(Some(measures.precision_at_0_1_percent)),
                percent(Some(measures.recall_at_1_percent)),
                percent(Some(measures.precision_at_1_percent)),
            )?;
        }
        writeln!(
            to,
            "\nIts look alone asks {} of real users for a proof; plain weights ask {}. The Brier score is {:.4}.\n",
            percent(Some(self.asked_real)),
            percent(Some(self.plain_real)),
            self.brier
        )?;
        writeln!(to, "![What it says against what came true]({picture})\n")?;
        self.write_classes(to)?;
        self.write_features(to)?;
        writeln!(to, "## What it must not be used for\n")?;
        NOT_FOR.iter().try_for_each(|not| writeln!(to, "- {not}"))
    }

    fn write_classes(&self, to: &mut String) -> std::fmt::Result {
        if self.classes.is_empty() {
            return Ok(());
        }
        writeln!(to, "## Classes of abuse\n")?;
        writeln!(
            to,
            "The part of each that is asked for a proof at first sight: by this model, among attempts that it was not learned"
        )?;
        writeln!(
            to,
            "from; by one that never saw the class, at the score that 0.1 % of real users exceed; by plain weights.\n"
        )?;
        writeln!(to, "| class | attempts | asked | never saw it | plain weights |\n|---|---|---|---|---|")?;
        for Class { name, attempts, asked, left_out, plain } in &self.classes {
            let (asked, left_out, plain) = (percent(*asked), percent(*left_out), percent(*plain));
            writeln!(to, "| {name} | {attempts} | {asked} | {left_out} | {plain} |")?;
        }
        writeln!(to)
    }

    fn write_features(&self, to: &mut String) -> std::fmt::Result {
        writeln!(to, "## What it goes by\n")?;
        writeln!(
            to,
            "How far each feature moves the prior on average (at 1 a look asks for a proof), and whether more of it can only speak"
        )?;
        writeln!(to, "against (+) or for (-) an attempt.\n")?;
        writeln!(to, "| feature | says | moves | |\n|---|---|---|---|")?;
        for Importance { name, words, direction, moves } in &self.features {
            let sign = if *direction > 0 { "+" } else { "-" };
            writeln!(to, "| `{name}` | {words} | {moves:.4} | {sign} |")?;
        }
        writeln!(to)
    }
}

fn percent(part: Option<f64>) -> String {
    part.map_or_else(|| "-".to_owned(), |part| format!("{:.2} %", part * 100.0))
}
