//! `list`: shows and changes the lists of a running sendwall, by its admin address.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::{FOUND_SOMETHING, fetch, output};

/// Entries of one request; a longer file goes in several.
const BATCH: usize = 5_000;
/// The largest file of entries.
const MAX_FILE: u64 = 16 * 1024 * 1024;

#[derive(Debug, Subcommand)]
pub(super) enum ListCommand {
    /// Refuses (deny) or lets pass (allow) an address, network, phone, range of numbers or country
    Add(AddArgs),
    /// Takes entries out
    Remove(RemoveArgs),
    /// Shows the entries, the newest first
    Show(ShowArgs),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum List {
    /// Refused, before anything else is asked
    Deny,
    /// Passes everything but hard budgets
    Allow,
}

impl List {
    const fn name(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Allow => "allow",
        }
    }
}

/// Where sendwall is.
#[derive(Debug, Args)]
struct Admin {
    /// The admin address of the running sendwall
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9090")]
    admin: String,
    /// A file with the token of the admin address
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Prints the answer as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    #[arg(value_enum)]
    list: List,
    /// 192.0.2.7, 192.0.2.0/24, +447402417171, +44740241* (a range), GB (phones of it), ip:GB (addresses of it)
    #[arg(value_name = "ENTRY", required_unless_present = "file")]
    entries: Vec<String>,
    /// More entries, one a line, with # comments; - reads standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// For how long, such as 2h or 7d [default: without end]
    #[arg(long = "for", value_name = "TIME", conflicts_with = "until")]
    span: Option<String>,
    /// Until when, in RFC 3339
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Why; kept and shown in clear
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    /// Who, for the audit
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    admin: Admin,
}

#[derive(Debug, Args)]
pub(super) struct RemoveArgs {
    #[arg(value_enum)]
    list: List,
    /// What was added, as it was written
    #[arg(value_name = "ENTRY", required_unless_present_any = ["file", "id"])]
    entries: Vec<String>,
    /// More entries, one a line, with # comments; - reads standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The number of an entry, as `list show` and decisions tell it; may be repeated
    #[arg(long, value_name = "NUMBER")]
    id: Vec<u64>,
    /// Who, for the audit
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    admin: Admin,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// One of them [default: both]
    #[arg(value_enum)]
    list: Option<List>,
    /// How many entries, at most 1000
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    limit: u32,
    #[command(flatten)]
    admin: Admin,
}

/// Status 1 where something to be removed was not there.
pub(super) fn list(command: &ListCommand) -> anyhow::Result<ExitCode> {
    match command {
        ListCommand::Add(args) => add(args),
        ListCommand::Remove(args) => remove(args),
        ListCommand::Show(args) => show(args),
    }
}

fn add(args: &AddArgs) -> anyhow::Result<ExitCode> {
    let entries = entries(&args.entries, args.file.as_deref())?;
    let mut added = Vec::new();
    let mut kept = true;
    for (batch, first) in entries.chunks(BATCH).zip((0..).step_by(BATCH)) {
        let body = json!({
            "list": args.list.name(), "entries": batch, "for": args.span, "until": args.until, "note": args.note,
            "by": args.by,
        });
        let answer = args.admin.asked().post("/api/lists", body.to_string().as_bytes())?;
        let mut answer = read(&answer, batch, first).with_context(|| done(first))?;
        kept &= answer["kept"] == true;
        added.append(answer["added"].as_array_mut().unwrap_or(&mut Vec::new()));
    }
    if args.admin.json {
        output::result(serde_json::to_string_pretty(&json!({"added": added, "kept": kept}))?)?;
    } else {
        output::result(table(&added))?;
    }
    if !kept {
        output::note(
            "sendwall has no state directory, so these last until it ends; set `state` in its configuration".to_owned(),
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn done(entries: usize) -> String {
    if entries == 0 { "nothing was changed".to_owned() } else { format!("only the first {entries} were added") }
}

fn remove(args: &RemoveArgs) -> anyhow::Result<ExitCode> {
    let entries = entries(&args.entries, args.file.as_deref())?;
    let (mut removed, mut missing) = (Vec::new(), 0);
    let batches = entries.chunks(BATCH).map(|batch| (batch, [].as_slice()));
    let batches = batches.chain((!args.id.is_empty()).then_some(([].as_slice(), args.id.as_slice())));
    let mut first = 0;
    for (batch, ids) in batches {
        let body = json!({"list": args.list.name(), "entries": batch, "ids": ids, "by": args.by});
        let answer = args.admin.asked().delete("/api/lists", body.to_string().as_bytes())?;
        let mut answer = read(&answer, batch, first)?;
        removed.append(answer["removed"].as_array_mut().unwrap_or(&mut Vec::new()));
        let gone: Vec<_> = answer["missing"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
        missing += gone.len();
        for place in gone {
            let place = usize::try_from(place).unwrap_or(usize::MAX);
            let what = batch
                .get(place)
                .map_or_else(|| format!("--id {}", ids.get(place).copied().unwrap_or_default()), Clone::clone);
            output::note(format!("{what} is not on the {} list; `sendwall list show` tells what is", args.list.name()));
        }
        first += batch.len();
    }
    if args.admin.json {
        output::result(serde_json::to_string_pretty(&json!({"removed": removed, "missing": missing}))?)?;
    } else if !removed.is_empty() {
        output::result(table(&removed))?;
    }
    Ok(if missing == 0 { ExitCode::SUCCESS } else { ExitCode::from(FOUND_SOMETHING) })
}

fn show(args: &ShowArgs) -> anyhow::Result<ExitCode> {
    let list = args.list.map(|list| format!("&list={}", list.name())).unwrap_or_default();
    let path = format!("/api/lists?limit={}{list}", args.limit);
    let answer = read(&args.admin.asked().get(&path)?, &[], 0)?;
    if args.admin.json {
        output::result(serde_json::to_string_pretty(&answer)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows = answer["entries"].as_array().map(Vec::as_slice).unwrap_or_default();
    if rows.is_empty() {
        output::note(
            "nothing is listed; `sendwall list add deny 192.0.2.7 --for 2h --note \"...\"` adds an entry".to_owned(),
        );
    } else {
        output::result(table(rows))?;
    }
    let count = answer["count"].as_u64().unwrap_or_default();
    if list.is_empty() && count > rows.len() as u64 {
        output::note(format!("the newest {} of {count}", rows.len()));
    }
    Ok(ExitCode::SUCCESS)
}

impl Admin {
    fn asked(&self) -> fetch::Admin<'_> {
        fetch::Admin { address: &self.admin, token_file: self.token_file.as_deref() }
    }
}

fn entries(given: &[String], file: Option<&Path>) -> anyhow::Result<Vec<String>> {
    let mut entries = given.to_vec();
    if let Some(file) = file {
        let text = text_of(file).with_context(|| format!("cannot read the entries {}", file.display()))?;
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
        entries.extend(lines.filter(|line| !line.is_empty()).map(ToOwned::to_owned));
    }
    if entries.is_empty() && file.is_some() {
        bail!("the file holds no entry");
    }
    Ok(entries)
}

fn text_of(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    if file == Path::new("-") {
        io::stdin().take(MAX_FILE).read_to_string(&mut text)?;
    } else {
        fs::File::open(file)?.take(MAX_FILE).read_to_string(&mut text)?;
    }
    Ok(text)
}

/// The answer, or what went wrong with which of `batch`, the first of which is the entry `first`.
fn read(answer: &fetch::Answer, batch: &[String], first: usize) -> anyhow::Result<Value> {
    let fetch::Answer { status, body } = answer;
    let text = String::from_utf8_lossy(body);
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    match status {
        200 => Ok(value),
        404 => bail!("there are no lists at this admin address; is it a sendwall of this version?"),
        _ => match (value["errors"].as_array(), value["message"].as_str()) {
            (Some(errors), _) => bail!("{}", faults(errors, batch, first)),
            (None, Some(message)) => bail!("{message}"),
            (None, None) => bail!("the admin address answered {status}: {}", text.trim_end()),
        },
    }
}

/// A line a fault, with the entry as it was written: who reads this wrote it.
fn faults(errors: &[Value], batch: &[String], first: usize) -> String {
    let mut told = String::new();
    for error in errors.iter().take(20) {
        let place = error["index"].as_u64().and_then(|place| usize::try_from(place).ok()).unwrap_or_default();
        let entry = batch.get(place).map_or("", String::as_str);
        let message = error["message"].as_str().unwrap_or_default();
        _ = write!(told, "\n  entry {}, {entry:?}: {message}", first + place + 1);
    }
    if errors.len() > 20 {
        _ = write!(told, "\n  and {} more", errors.len() - 20);
    }
    format!("{} cannot stand in a list:{told}", if errors.len() == 1 { "this" } else { "these" })
}

/// Columns as wide as they have to be.
fn table(rows: &[Value]) -> String {
    const TITLES: [&str; 8] = ["ID", "LIST", "KIND", "VALUE", "UNTIL (UTC)", "HITS", "BY", "NOTE"];
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let number = |row: &Value, key: &str| row[key].as_u64().unwrap_or_default().to_string();
    let cells = |row: &Value| {
        let until = row["until"].as_str().map_or("-", |until| until.get(..19).unwrap_or(until));
        let (until, note) = (until.replace('T', " "), text(row, "note"));
        [
            number(row, "id"),
            text(row, "list"),
            text(row, "kind"),
            text(row, "value"),
            until,
            number(row, "hits"),
            text(row, "by"),
            note,
        ]
    };
    let mut lines = vec![TITLES.map(ToOwned::to_owned)];
    lines.extend(rows.iter().map(cells));
    let width = |column: usize| lines.iter().map(|line| line.get(column).map_or(0, |cell| cell.chars().count())).max();
    let widths: Vec<usize> = (0..TITLES.len()).map(|column| width(column).unwrap_or(0)).collect();
    let shown = lines.iter().map(|line| {
        let padded = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    shown.collect::<Vec<_>>().join("\n")
}
