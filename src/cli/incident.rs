//! `incident`: what happened, who looks after it, and the evidence of it as a file.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::{FOUND_SOMETHING, fetch, output};
use crate::alerts::{Evidence, counted};
use crate::domain::Money;

#[derive(Debug, Subcommand)]
pub(super) enum IncidentCommand {
    /// Lists incidents, the newest first
    List(ListArgs),
    /// Shows one incident: alerts, timeline, ranges, networks, money
    Show(OneArgs),
    /// Says that somebody looks after it
    Ack(AckArgs),
    /// Writes everything that is known of it into one file, for a carrier or an SMS provider
    Export(ExportArgs),
}

#[derive(Debug, Args)]
struct AdminArgs {
    /// The admin address of the running sendwall
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9090")]
    admin: String,
    /// A file with the token of the admin address
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only those that go on
    #[arg(long)]
    open: bool,
    /// JSON in place of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    admin: AdminArgs,
}

#[derive(Debug, Args)]
pub(super) struct OneArgs {
    /// The incident
    #[arg(value_name = "ID")]
    id: String,
    /// JSON in place of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    admin: AdminArgs,
}

#[derive(Debug, Args)]
pub(super) struct AckArgs {
    /// The incident
    #[arg(value_name = "ID")]
    id: String,
    /// Who looks after it [default: as before]
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    by: String,
    /// What there is to say [default: as before]
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    note: String,
    #[command(flatten)]
    admin: AdminArgs,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The incident
    #[arg(value_name = "ID")]
    id: String,
    /// The file to write; - is standard output [default: ID.json]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) fn incident(command: &IncidentCommand) -> anyhow::Result<ExitCode> {
    match command {
        IncidentCommand::List(args) => list(args),
        IncidentCommand::Show(args) => {
            let incident = args.admin.get(&format!("/api/incidents/{}", name(&args.id)?))?;
            output::result(if args.json { pretty(&incident) } else { readable(&incident) })?;
            Ok(ExitCode::SUCCESS)
        }
        IncidentCommand::Ack(args) => {
            let body = json!({"by": args.by, "note": args.note}).to_string();
            let path = format!("/api/incidents/{}/ack", name(&args.id)?);
            args.admin.answer(&args.admin.asked().post(&path, body.as_bytes())?)?;
            output::note(format!("{} is acknowledged", args.id));
            Ok(ExitCode::SUCCESS)
        }
        IncidentCommand::Export(args) => export(args),
    }
}

/// Status 1 where something goes on, for scripts.
fn list(args: &ListArgs) -> anyhow::Result<ExitCode> {
    let mut incidents = args.admin.get("/api/incidents")?;
    let rows = incidents.get_mut("incidents").and_then(Value::as_array_mut).context("no list came back")?;
    if args.open {
        rows.retain(|row| row["open"] == true);
    }
    let open = rows.iter().any(|row| row["open"] == true);
    if args.json {
        output::result(pretty(&incidents))?;
    } else {
        let rows = incidents["incidents"].as_array().map(Vec::as_slice).unwrap_or_default();
        if rows.is_empty() {
            output::note(if args.open { "no incident goes on" } else { "there was no incident yet" });
        }
        for row in rows {
            let state = match (row["open"] == true, row["acknowledged"].is_null()) {
                (true, true) => "open",
                (true, false) => "acknowledged",
                (false, _) => "over",
            };
            let of = |key: &str| row[key].as_str().unwrap_or_default();
            output::result(format!(
                "{} {state:<12} {:<8} {} {}",
                of("id"),
                of("severity"),
                of("started"),
                of("summary")
            ))?;
        }
    }
    Ok(if open { ExitCode::from(FOUND_SOMETHING) } else { ExitCode::SUCCESS })
}

/// One file: `summary` is for people, the rest for programs. Phones are pseudonyms or masked, addresses only counted.
fn export(args: &ExportArgs) -> anyhow::Result<ExitCode> {
    let incident = args.admin.get(&format!("/api/incidents/{}", name(&args.id)?))?;
    let file = args.output.clone().unwrap_or_else(|| PathBuf::from(format!("{}.json", args.id)));
    let text: Vec<Value> = readable(&incident).lines().map(Value::from).collect();
    let evidence = json!({
        "format": "sendwall-incident-1",
        "about": "Phones stand as country code, range and last two digits; networks as IPv4 /24 or IPv6 /48. Money is in \
                  millionths of the currency (..._micros) by the operator's price table.",
        "readable": text,
        "incident": incident,
    });
    if file == Path::new("-") {
        output::result(pretty(&evidence))?;
        return Ok(ExitCode::SUCCESS);
    }
    fs::write(&file, pretty(&evidence) + "\n").with_context(|| format!("cannot write {}", file.display()))?;
    output::note(format!("the evidence is in {}", file.display()));
    Ok(ExitCode::SUCCESS)
}

/// Only what can be a name goes into a path.
fn name(id: &str) -> anyhow::Result<&str> {
    if crate::alerts::IncidentId::parse(id).is_none() {
        bail!("{id:?} is not an incident; see `sendwall incident list`");
    }
    Ok(id)
}

impl AdminArgs {
    fn asked(&self) -> fetch::Admin<'_> {
        fetch::Admin { address: &self.admin, token_file: self.token_file.as_deref() }
    }

    fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.answer(&self.asked().get(path)?)
    }

    fn answer(&self, answer: &fetch::Answer) -> anyhow::Result<Value> {
        let body: Value = serde_json::from_slice(&answer.body).context("the answer is not JSON")?;
        if answer.status == 200 {
            return Ok(body);
        }
        let message = body["message"].as_str().unwrap_or("no reason was given");
        bail!("{} answers {}: {message}", self.admin, answer.status)
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// The incident for people: head, numbers, tables, timeline.
fn readable(incident: &Value) -> String {
    let text = |key: &str| incident[key].as_str().unwrap_or_default();
    let mut out = format!("{} {} {}\n{}\n", text("id"), text("severity"), text("rule"), text("summary"));
    let ended = incident["ended"].as_str().map_or_else(|| "goes on".to_owned(), |ended| format!("until {ended}"));
    _ = writeln!(out, "from {}, {ended}", text("started"));
    if let Some(by) = incident["acknowledged"]["by"].as_str() {
        let by = if by.is_empty() { String::new() } else { format!(" by {by}") };
        let note = incident["acknowledged"]["note"].as_str().filter(|note| !note.is_empty());
        let note = note.map(|note| format!(": {note}")).unwrap_or_default();
        _ = writeln!(out, "acknowledged{by}{note}");
    }
    let evidence = &incident["evidence"];
    let known = Evidence::deserialize(evidence).unwrap_or_default();
    if known.phones > 0 {
        _ = writeln!(
            out,
            "\n{}: {} refused, {} challenged, of {} from {}\n{} went out to its ranges, {} of them verified; they cost \
             {} {}",
            known.stopped(),
            known.refused,
            known.challenged,
            counted(known.phones, "phone"),
            counted(known.addresses, "address"),
            counted(known.sent, "message"),
            known.verified,
            Money::micros(known.cost_micros),
            text("currency")
        );
    }
    for (title, table) in [
        ("ranges", "ranges"),
        ("countries", "countries"),
        ("networks", "networks"),
        ("systems", "systems"),
        ("hot", "cells"),
    ] {
        let Some(rows) = evidence[table].as_object().filter(|rows| !rows.is_empty()) else { continue };
        let count = |row: &Value| row.as_u64().unwrap_or_else(|| row["stopped"].as_u64().unwrap_or_default());
        let mut rows: Vec<_> = rows.iter().collect();
        rows.sort_by_key(|(name, row)| (std::cmp::Reverse(count(row)), (*name).clone()));
        _ = writeln!(out, "\n{title} ({})", rows.len());
        for (name, row) in rows.iter().take(20) {
            let sent = row["sent"].as_u64().map(|sent| format!(", {sent} sent, {} verified", row["verified"]));
            _ = writeln!(out, "  {name}: {} {}{}", count(row), known.stopped_word(), sent.unwrap_or_default());
        }
    }
    _ = writeln!(out, "\ntimeline");
    for moment in incident["timeline"].as_array().into_iter().flatten() {
        let of = |key: &str| moment[key].as_str().unwrap_or_default();
        _ = writeln!(out, "  {} {}", of("at"), of("what"));
    }
    out.trim_end().to_owned()
}
