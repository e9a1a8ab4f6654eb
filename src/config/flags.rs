//! A configuration from the command line: `run --upstream URL --protect "POST /send-code"`.

use std::fmt::Write as _;

use super::rules::Cases;
use super::source::{Fault, Source};
use super::{Config, Problem, compile_source};

/// What the command line says in place of a file.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// The app's address.
    pub upstream: String,
    /// Requests for codes.
    pub protect: Vec<String>,
    /// Requests that check a code.
    pub verify: Vec<String>,
    /// Where clients connect.
    pub listen: Option<String>,
    /// The admin address.
    pub admin: Option<String>,
    /// The state directory.
    pub state: Option<String>,
    /// Whether verdicts are carried out.
    pub enforce: bool,
    /// The country for numbers in national form.
    pub default_region: Option<String>,
}

/// Each key that flags set, with its flag.
const FLAG_OF_KEY: [(&str, &str); 8] = [
    ("upstream", "--upstream"),
    ("listen", "--listen"),
    ("admin", "--admin"),
    ("state", "--state"),
    ("mode", "--enforce"),
    ("endpoint[0].send", "--protect"),
    ("endpoint[0].verify", "--verify"),
    ("endpoint[0].default_region", "--default-region"),
];

impl Config {
    /// The same as a file with these keys: one endpoint, `codes`; a try is right where the answer is under 400.
    pub fn from_flags(flags: &Flags, environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, Vec<Problem>> {
        let text = flags.to_toml();
        let in_flags = |problems: Vec<Problem>| problems.into_iter().map(name_flag).collect::<Vec<_>>();
        let source = Source::of_flags(&text);
        if !flags.verify.is_empty() {
            let fault = Fault::new("any answer under 400 is taken for a right code");
            let hint = "where the app answers so to a wrong one too, write a file that says `verified_if`";
            source.warning(None, "endpoint[0].verify", fault.hint(hint));
        }
        let compiled = compile_source(&source, environment, Cases::Left).0;
        let config = compiled.map_err(|faulty| in_flags(faulty.problems))?;
        Ok(Self { warnings: in_flags(config.warnings), ..config })
    }
}

impl Flags {
    /// The file that says the same.
    pub fn to_toml(&self) -> String {
        let text = |text: &str| toml::Value::from(text).to_string();
        let mut toml = String::new();
        let keys = [("listen", &self.listen), ("admin", &self.admin), ("state", &self.state)];
        for (key, value) in keys.into_iter().chain([("upstream", &Some(self.upstream.clone()))]) {
            if let Some(value) = value {
                line(&mut toml, key, &text(value));
            }
        }
        line(&mut toml, "mode", if self.enforce { "\"enforce\"" } else { "\"monitor\"" });
        toml.push_str("\n[[endpoint]]\n");
        line(&mut toml, "name", "\"codes\"");
        line(&mut toml, "send", &toml::Value::from(self.protect.clone()).to_string());
        if !self.verify.is_empty() {
            line(&mut toml, "verify", &toml::Value::from(self.verify.clone()).to_string());
            line(&mut toml, "verified_if", "\"status < 400 && !(status in [307, 308])\"");
        }
        if let Some(region) = &self.default_region {
            line(&mut toml, "default_region", &text(region));
        }
        toml
    }
}

fn line(toml: &mut String, key: &str, value: &str) {
    writeln!(toml, "{key} = {value}").expect("writing to a string never fails");
}

/// Says `--protect` where a file would say `endpoint[0].send[1]`.
fn name_flag(mut problem: Problem) -> Problem {
    let key = problem.path.trim_end_matches(|c: char| c.is_ascii_digit() || "[]".contains(c));
    let flag = FLAG_OF_KEY.iter().find(|(known, _)| *known == key || *known == problem.path);
    problem.path = flag.map_or(String::new(), |(_, flag)| (*flag).to_owned());
    problem
}
