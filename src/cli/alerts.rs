//! `alerts test`: a marked test alert to one channel, and what its receiver answers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::fetch;
use super::{FOUND_SOMETHING, output};
use crate::alerts::deliver::{self, Reply, Verdict};
use crate::clock::{Clock as _, SystemClock};
use crate::config;
use crate::privacy::Secret;
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
}

pub(super) fn alerts(command: &AlertsCommand) -> anyhow::Result<ExitCode> {
    let AlertsCommand::Test(args) = command;
    let (delivered, answer) = match &args.config {
        Some(file) => by_config(&args.name, file)?,
        None => by_admin(args)?,
    };
    output::result(&answer);
    let name = &args.name;
    if delivered {
        output::note(format!("{name} took the test alert"));
        return Ok(ExitCode::SUCCESS);
    }
    output::note(format!("{name} did not take the test alert"));
    Ok(ExitCode::from(FOUND_SOMETHING))
}

fn by_config(name: &str, file: &Path) -> anyhow::Result<(bool, String)> {
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
    let Reply { verdict, said } = runtime.block_on(deliver::test(channel, &settings.net, now))?;
    Ok((verdict == Verdict::Delivered, said))
}

#[derive(Deserialize)]
struct Tested {
    delivered: bool,
    answer: String,
}

fn by_admin(args: &TestArgs) -> anyhow::Result<(bool, String)> {
    let token = args.token_file.as_ref().map(|file| {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read the token {}", file.display()))?;
        anyhow::Ok(Secret::new(&text))
    });
    let path = format!("/api/alerts/test?channel={}", utf8_percent_encode(&args.name, NON_ALPHANUMERIC));
    let fetch::Answer { status, body } = fetch::post(&args.admin, &path, b"{}", token.transpose()?.as_ref())?;
    match status {
        200 => {
            let Tested { delivered, answer } =
                serde_json::from_slice(&body).context("the admin address answered in another form")?;
            Ok((delivered, answer))
        }
        404 => bail!("the running sendwall has no alert channel {:?}", args.name),
        401 | 403 => bail!("the admin address asks for a token; name its file with --token-file"),
        _ => bail!("the admin address answered {status}: {}", String::from_utf8_lossy(&body).trim_end()),
    }
}
