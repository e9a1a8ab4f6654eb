//! `run` and `demo`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::output;
use crate::app;
use crate::config::{self, Config, Flags, LoadError};
use crate::demo;
use crate::domain::Span;
use crate::telemetry;

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["config", "upstream"])))]
pub(super) struct RunArgs {
    /// The configuration file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["upstream", "protect", "verify", "listen", "admin", "state", "enforce", "default_region"])]
    config: Option<PathBuf>,
    /// The app's address, such as <http://127.0.0.1:3000>
    #[arg(long, value_name = "URL", requires = "protect")]
    upstream: Option<String>,
    /// A request for a code, such as "POST /api/send-code"; may be repeated
    #[arg(long, value_name = "METHOD PATH", requires = "upstream")]
    protect: Vec<String>,
    /// A request that checks a code, such as "POST /api/verify"; an answer under 400 means it was right
    #[arg(long, value_name = "METHOD PATH")]
    verify: Vec<String>,
    /// Where clients connect [default: 0.0.0.0:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// The admin address [default: 127.0.0.1:9090]
    #[arg(long, value_name = "ADDR")]
    admin: Option<String>,
    /// The directory for keys, counters and the decision log
    #[arg(long, value_name = "DIR")]
    state: Option<String>,
    /// Refuses what it would only tell about otherwise
    #[arg(long)]
    enforce: bool,
    /// The country for numbers in national form, such as GB
    #[arg(long, value_name = "COUNTRY")]
    default_region: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Where the demo's page is [default: 127.0.0.1:8080, or any free port where that is taken]
    #[arg(long, value_name = "ADDR")]
    listen: Option<std::net::SocketAddr>,
    /// Ends by itself after this time
    #[arg(long, value_name = "N")]
    seconds: Option<u32>,
    /// Only the page: neither people nor a bomber come
    #[arg(long)]
    no_traffic: bool,
    /// Same seed, same people
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// A file of rules to edit while it runs; made where there is none [default: one that goes with the demo]
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
}

/// Serves until it is told to stop.
pub(super) fn run(args: &RunArgs) -> anyhow::Result<ExitCode> {
    let config = match &args.config {
        Some(file) => config::load(file)?,
        None => Config::from_flags(&args.flags(), &config::environment).map_err(LoadError::from)?,
    };
    for warning in &config.warnings {
        output::note(warning);
    }
    telemetry::install(config.telemetry)?;
    app::run(config, args.config.clone())?;
    Ok(ExitCode::SUCCESS)
}

impl RunArgs {
    fn flags(&self) -> Flags {
        Flags {
            upstream: self.upstream.clone().unwrap_or_default(),
            protect: self.protect.clone(),
            verify: self.verify.clone(),
            listen: self.listen.clone(),
            admin: self.admin.clone(),
            state: self.state.clone(),
            enforce: self.enforce,
            default_region: self.default_region.clone(),
        }
    }
}

/// Shows the demo until it is told to stop.
pub(super) fn demo(args: &DemoArgs) -> anyhow::Result<ExitCode> {
    let options = demo::Options {
        listen: args.listen,
        run_for: args.seconds.map(|seconds| Span::seconds(seconds.into())),
        traffic: !args.no_traffic,
        seed: args.seed,
        rules: args.rules.clone(),
        ..demo::Options::default()
    };
    tokio::runtime::Runtime::new()?.block_on(demo::run(options))?;
    Ok(ExitCode::SUCCESS)
}
