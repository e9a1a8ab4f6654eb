//! `alerts test`: a marked test alert to one channel, and what its receiver answers.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::fetch;
use super::{FOUND_SOMETHING, output};
use crate::alerts::deliver::{self, Reply, Verdict};
use crate::clock::{Clock as _, SystemClock};
use crate::config;
use crate::rules::nearest;

#[derive(Debug, Subcommand)]
pub(super) enum AlertsCommand {
    /// Sends a marked test alert to a channel and prints what its receiver answers
    Test(TestArgs),
}

#[derive(Debug, Args)]
pub(super) struct TestArgs {
    /// The channel's name
    #[arg(value_name = "NAME")]
    name: String,
    /// Reads the channel from this configuration; sendwall need not run
    #[arg(long, value_name = "FILE", conflicts_with = "admin")]
    config: Option<PathBuf>,
    /// The admin address of the running sendwall
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9090")]
    admin: String,
    /// A file with the token of the admin address
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    token_file: Option<PathBuf>,
    /// Prints a JSON object: channel, delivered, answer
    #[arg(long)]
    json: bool,
}

/// What came of a test.
#[derive(Debug, Serialize, Deserialize)]
struct Tested {
    #[serde(default)]
    channel: String,
    delivered: bool,
    /// What the receiver said.
    answer: String,
}

pub(super) fn alerts(command: &AlertsCommand) -> anyhow::Result<ExitCode> {
    let AlertsCommand::Test(args) = command;
    let tested = match &args.config {
        Some(file) => by_config(&args.name, file)?,
        None => by_admin(args)?,
    };
    let Tested { channel, delivered, answer } = &tested;
    if args.json {
        output::result(serde_json::to_string(&tested)?)?;
    } else {
        output::result(answer)?;
        let took = if *delivered { "took" } else { "did not take" };
        output::note(format!("{channel} {took} the test alert"));
    }
    Ok(if *delivered { ExitCode::SUCCESS } else { ExitCode::from(FOUND_SOMETHING) })
}

fn by_config(name: &str, file: &Path) -> anyhow::Result<Tested> {
    let settings = config::load(file)?.deliver;
    let Some(channel) = settings.channels.iter().find(|channel| *channel.name == *name) else {
        let names: Vec<&str> = settings.channels.iter().map(|channel| &*channel.name).collect();
        match (nearest(name, names.iter().copied()), names.is_empty()) {
            (Some(known), _) => bail!("there is no alert channel {name:?}; did you mean {known:?}?"),
            (None, true) => bail!("{} has no [[alerts.channel]]", file.display()),
            (None, false) => bail!("there is no alert channel {name:?}; there are {}", names.join(", ")),
        }
    };
    let now = SystemClock::start().now();
    let runtime = tokio::runtime::Runtime::new()?;
    let Reply { verdict, said: answer } = runtime.block_on(deliver::test(channel, &settings.net, now))?;
    Ok(Tested { channel: name.to_owned(), delivered: verdict == Verdict::Delivered, answer })
}

fn by_admin(args: &TestArgs) -> anyhow::Result<Tested> {
    let admin = fetch::Admin { address: &args.admin, token_file: args.token_file.as_deref() };
    let path = format!("/api/alerts/test?channel={}", utf8_percent_encode(&args.name, NON_ALPHANUMERIC));
    let fetch::Answer { status, body } = admin.post(&path, b"{}")?;
    match status {
        200 => {
            let tested: Tested = serde_json::from_slice(&body).context("the admin address answered in another form")?;
            Ok(Tested { channel: args.name.clone(), ..tested })
        }
        404 => bail!("the running sendwall has no alert channel {:?}", args.name),
        _ => bail!("the admin address answered {status}: {}", String::from_utf8_lossy(&body).trim_end()),
    }
}
