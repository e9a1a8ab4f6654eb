//! `explain`: facts, reasons and verdict of a request that is in a file, or of a decision that was made.

use std::fs;
use std::io::{self, Read as _};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use serde_json::{Value, json};

use super::evidence;
use super::fetch;
use super::ruled;
use super::{FOUND_SOMETHING, RawRequest, output};
use crate::app;
use crate::clock::{Clock, ManualClock, SystemClock};
use crate::config::{self, Config};
use crate::decide::Reading;
use crate::domain::Timestamp;
use crate::gate::Explanation;
use crate::journal::Record;
use crate::limits::{Answer, On};

/// The largest request that is read.
const MAX_REQUEST: u64 = 16 * 1024 * 1024;

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["request", "decision"])))]
pub(super) struct ExplainArgs {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A raw HTTP/1.1 request in a file; - reads standard input
    #[arg(long, value_name = "REQ", requires = "config")]
    request: Option<PathBuf>,
    /// The address that the request comes from
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1", conflicts_with = "decision")]
    from: IpAddr,
    /// When it is made, in RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with = "decision")]
    at: Option<Timestamp>,
    /// A state directory other than the configuration's
    #[arg(long, value_name = "DIR", conflicts_with = "decision")]
    state: Option<PathBuf>,
    /// The id of a decision that was made, as in the header sendwall-decision
    #[arg(long, value_name = "ID")]
    decision: Option<String>,
    /// The admin address of the running sendwall
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9090", conflicts_with = "request")]
    admin: String,
    /// A file with the token of the admin address
    #[arg(long, value_name = "FILE", conflicts_with = "request")]
    token_file: Option<PathBuf>,
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::from_rfc3339(text).ok_or_else(|| "write a time like 2026-11-20T18:10:02Z".to_owned())
}

/// Prints one JSON object.
pub(super) fn explain(args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    match (&args.decision, &args.config, &args.request) {
        (Some(id), _, _) => decision(args, id),
        (None, Some(file), Some(request)) => {
            let mut config = config::load(file)?;
            if let Some(state) = &args.state {
                if !state.is_dir() {
                    bail!("--state {}: there is no such directory", state.display());
                }
                config.use_state(state);
            }
            let bytes = read(request).with_context(|| format!("cannot read the request {}", request.display()))?;
            request_explained(&config, &RawRequest::parse(&bytes)?, args.from, args.at)
        }
        (None, _, _) => bail!("name a request with --config and --request, or a decision with --decision"),
    }
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        io::stdin().take(MAX_REQUEST).read_to_end(&mut bytes)?;
    } else {
        fs::File::open(file)?.take(MAX_REQUEST).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Asks the gate. Counts nothing, makes no files.
fn request_explained(
    config: &Config,
    request: &RawRequest,
    from: IpAddr,
    at: Option<Timestamp>,
) -> anyhow::Result<ExitCode> {
    let clock: Arc<dyn Clock> = match at {
        Some(at) => Arc::new(ManualClock::at(at)),
        None => Arc::new(SystemClock::start()),
    };
    let explained = app::explain(config, &clock, &request.sent_from(from));
    let (explanation, kept) = explained.map_err(|error| match (at, error.snapshot_to_come()) {
        (Some(at), Some(written)) => anyhow!(
            "the snapshot was written at {written}, after {at}, and what was counted then is known no more; name a later \
             time with --at, or a state directory without a snapshot with --state"
        ),
        _ => error.into(),
    })?;
    let mut told = shown(explanation);
    told["counters"] = match &kept {
        Some(kept) => json!({
            "of": "the last snapshot", "written": kept.created, "entries": kept.entries, "left_out": kept.skipped,
        }),
        None => json!({ "of": "nothing: there is no snapshot, so everything counts from zero" }),
    };
    output::result(serde_json::to_string_pretty(&told)?)?;
    Ok(ExitCode::SUCCESS)
}

fn shown(explanation: Explanation) -> Value {
    let Explanation::Judged { on, facts, decision, readings, standing, looks, rules } = explanation else {
        return json!({ "role": "pass", "verdict": "forward", "facts": null });
    };
    let shown = standing.map(|standing| evidence::shown(&standing, &looks, &facts));
    let record = match on {
        On::Send => Record::Decision(decision, facts),
        On::Verify => Record::Try(decision, facts),
    };
    let mut explained = json!(record);
    if let Some(fields) = explained.as_object_mut() {
        // Names of a line in the log, which this isn't.
        fields.retain(|name, _| name != "v" && name != "event" && name != "decision");
        fields.insert("role".to_owned(), json!(on));
        fields.insert("limits".to_owned(), readings.iter().map(limit).collect());
        fields.insert("rules".to_owned(), rules.iter().map(ruled::shown).collect());
        fields.extend(shown.into_iter().flatten());
    }
    explained
}

fn limit(reading: &Reading) -> Value {
    let limit = &reading.limit;
    let (state, count, until) = match reading.answer {
        Answer::Free { count } => ("free", Some(count), None),
        Answer::Full { count, until } => ("full", Some(count), Some(until)),
        Answer::Untracked { .. } => ("untracked", None, None),
    };
    json!({
        "name": limit.name, "key": limit.key_text(), "max": limit.max, "per": limit.per, "mode": limit.mode,
        "state": state, "count": count, "until": until,
    })
}

fn decision(args: &ExplainArgs, id: &str) -> anyhow::Result<ExitCode> {
    if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        bail!("{id:?} is not the id of a decision; it stands in the header sendwall-decision of an answer");
    }
    let admin = fetch::Admin { address: &args.admin, token_file: args.token_file.as_deref() };
    let fetch::Answer { status, body } = admin.get(&format!("/api/decisions/{id}"))?;
    let text = String::from_utf8_lossy(&body);
    match status {
        200 => {
            let record: Value = serde_json::from_slice(&body).context("the admin address answers no JSON")?;
            output::result(serde_json::to_string_pretty(&record)?)?;
            Ok(ExitCode::SUCCESS)
        }
        404 => {
            output::note(format!(
                "there is no decision {id}, neither in memory nor in the decision log, which keeps them for a set time"
            ));
            Ok(ExitCode::from(FOUND_SOMETHING))
        }
        _ => bail!("the admin address answered {status}: {}", text.trim_end()),
    }
}
