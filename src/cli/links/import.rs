//! `panda-oidc links import`.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use panda_oidc::config::Config;
use panda_oidc::links;
use panda_oidc::links::{
    ApplyOutcome, Disputed, MAX_BYTES, Mistake, Plan, Row, RowMatch, Sheet, Tally, Trust,
    Unaccepted,
};
use panda_oidc::store::Store;
use panda_oidc_sdk::{Clock as _, Identity, SystemClock};
use serde_json::json;

use super::account::{is_client, require_registered};
use super::failure::Failure;
use crate::cli::configured::ConfigArgs;
use crate::cli::output::{print_error, print_note};
use crate::cli::table::Table;

/// How many of the ids that nobody has are listed at most, unless as JSON.
const MAX_PRINTED_IDS: usize = 10;

/// How many lines a note lists at most.
const MAX_PRINTED_LINES: usize = 50;

/// How many mistakes are printed at most, unless as JSON.
const MAX_PRINTED_MISTAKES: usize = 50;

#[derive(Debug, Args)]
pub(super) struct Import {
    #[command(flatten)]
    pub(super) configured: ConfigArgs,
    /// The table: CSV in UTF-8 or GB18030, or a spreadsheet's "Unicode text".
    file: PathBuf,
    /// The client of the accounts for which the table names none; without it they are for all
    /// clients.
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// Show which person each row matches, and every mistake; change nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Accept rows without an id that match one person by telephone number, or by name; accept the id of
    /// rows whose telephone number or name is another person's.
    #[arg(long = "match", value_name = "BY", value_delimiter = ',')]
    matches: Vec<By>,
    /// Leave out rows that match no person for certain, instead of importing nothing.
    #[arg(long)]
    skip_unmatched: bool,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    Id,
    Phone,
    Name,
}

impl Import {
    pub(super) async fn run(
        &self,
        config: &Config,
        store: &dyn Store,
    ) -> Result<ExitCode, Failure> {
        require_registered(config, self.client.as_deref())?;
        let bytes = self.read()?;
        let is_client = |id: &str| is_client(config, id);
        let sheet = match Sheet::read(&bytes, self.client.as_deref(), &is_client) {
            Ok(sheet) => sheet,
            Err(mistakes) => return self.refuse(&mistakes),
        };
        let people = store.find_people(links::person_query(&sheet.rows)).await?;
        let found = links::match_rows(&sheet.rows, &people);
        if self.dry_run {
            self.show(&sheet, &found)?;
        }
        let notes = Notes::of(&sheet, &found);
        notes.print();
        let trust = Trust {
            id: self.matches.contains(&By::Id),
            phone: self.matches.contains(&By::Phone),
            name: self.matches.contains(&By::Name),
            unaccepted: if self.skip_unmatched {
                Unaccepted::LeftOut
            } else {
                Unaccepted::Refused
            },
        };
        let plan = match links::plan(sheet.rows, &found, trust) {
            Ok(plan) => plan,
            Err(mistakes) => return self.refuse(&mistakes),
        };
        let changes = plan.changes.clone();
        let joined = if self.dry_run {
            store.dry_run(changes).await?
        } else {
            store.apply(changes, SystemClock.now()).await?
        };
        match joined {
            ApplyOutcome::Done(tally) => self.print_summary(tally, &plan, &notes),
            ApplyOutcome::Taken(taken) => self.refuse(&links::conflict_mistakes(&plan, &taken)),
        }
    }

    fn read(&self) -> Result<Vec<u8>, Failure> {
        let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        File::open(&self.file)
            .and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut bytes))
            .map_err(|error| {
                Failure::File(format!("{} cannot be read", self.file.display()), error)
            })?;
        Ok(bytes)
    }

    /// Shows which person each row matches.
    fn show(&self, sheet: &Sheet, found: &[RowMatch]) -> Result<(), Failure> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        let rows = sheet.rows.iter().zip(found);
        if self.json {
            for (row, found) in rows {
                writeln!(out, "{}", match_json(row, found))?;
            }
            return Ok(out.flush()?);
        }
        let mut table = Table::new(&mut out, ["LINE", "CLIENT", "ACCOUNT", "BY", "PERSON"]);
        for (row, found) in rows {
            table.row([
                &row.line.to_string(),
                row.client.as_deref().unwrap_or("*"),
                account(row),
                match_kind(found),
                &matched_people(found),
            ])?;
        }
        Ok(table.end()?)
    }

    /// Reports the mistakes.
    fn refuse(&self, mistakes: &[Mistake]) -> Result<ExitCode, Failure> {
        if self.json {
            let mut out = io::BufWriter::new(io::stdout().lock());
            for Mistake { line, what, remedy } in mistakes {
                let error = json!({ "line": line, "error": what, "remedy": remedy });
                writeln!(out, "{error}")?;
            }
            out.flush()?;
            return Ok(ExitCode::FAILURE);
        }
        for mistake in mistakes.iter().take(MAX_PRINTED_MISTAKES) {
            print_error(mistake);
        }
        let hidden = mistakes.len().saturating_sub(MAX_PRINTED_MISTAKES);
        if hidden > 0 {
            print_error(&format_args!(
                "and {hidden} more like these; --json tells all"
            ));
        }
        print_error(&"nothing was imported");
        Ok(ExitCode::FAILURE)
    }

    fn print_summary(&self, tally: Tally, plan: &Plan, notes: &Notes) -> Result<ExitCode, Failure> {
        let Tally {
            added,
            changed,
            same,
        } = tally;
        let left_out = plan.skipped.len();
        if left_out > 0 {
            print_note(&format_args!("left out: {}", listed_lines(&plan.skipped)));
        }
        let mut out = io::stdout().lock();
        if self.json {
            let summary = json!({
                "added": added, "changed": changed, "same": same,
                "left_out": plan.skipped, "dry_run": self.dry_run,
                "unknown_ids": notes.unknown_ids, "attributes": notes.attributes,
            });
            writeln!(out, "{summary}")?;
        } else {
            let would = if self.dry_run { "Would be: " } else { "" };
            writeln!(
                out,
                "{would}{added} added, {changed} changed, {same} as they were, {left_out} left out"
            )?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What an operator should know of a table that has no mistake.
struct Notes {
    /// The ids that the store knows nobody by, each once.
    unknown_ids: Vec<String>,
    /// The columns that were read as free attributes.
    attributes: Vec<String>,
    names_accounts: bool,
    employee_number: Option<String>,
    blank_lines: Vec<u64>,
    lines_without_client: Vec<u64>,
}

impl Notes {
    fn of(sheet: &Sheet, found: &[RowMatch]) -> Self {
        let mut seen = HashSet::new();
        let unknown = found.iter().filter_map(|found| match found {
            RowMatch::ById(subject, None)
            | RowMatch::Disputed(Disputed {
                subject,
                known: None,
                ..
            }) => Some(subject),
            _ => None,
        });
        let unknown_ids = unknown.filter(|subject| seen.insert(*subject));
        Self {
            unknown_ids: unknown_ids.map(ToString::to_string).collect(),
            attributes: sheet.attributes.clone(),
            names_accounts: sheet.names_accounts,
            employee_number: sheet.employee_number.clone(),
            blank_lines: sheet.blank_lines.clone(),
            lines_without_client: sheet.lines_without_client.clone(),
        }
    }

    fn print(&self) {
        if let Some(heading) = &self.employee_number {
            print_note(&format_args!(
                "the column {heading} was read as the username"
            ));
        }
        if !self.attributes.is_empty() {
            let names = self.attributes.join(", ");
            print_note(&format_args!("taken for free attributes: {names}"));
        }
        if !self.names_accounts {
            print_note(
                &"no column is a username or an address: the accounts have free attributes alone",
            );
        }
        if !self.blank_lines.is_empty() {
            print_note(&format_args!(
                "these rows have no account, and change nothing: {}",
                listed_lines(&self.blank_lines)
            ));
        }
        if !self.lines_without_client.is_empty() {
            print_note(&format_args!(
                "these rows are for all clients, because the column client is empty: {}; fill it where cells \
                 were merged, or say --client",
                listed_lines(&self.lines_without_client)
            ));
        }
        if !self.unknown_ids.is_empty() {
            let listed = &self.unknown_ids[..self.unknown_ids.len().min(MAX_PRINTED_IDS)];
            let more = if listed.len() < self.unknown_ids.len() {
                ", …"
            } else {
                ""
            };
            print_note(&format_args!(
                "{} of the ids are of people nobody has heard of: {}{more}; compare them with users list",
                self.unknown_ids.len(),
                listed.join(", ")
            ));
        }
    }
}

/// The numbers of `lines`, as a note lists them.
fn listed_lines(lines: &[u64]) -> String {
    let listed = lines.iter().take(MAX_PRINTED_LINES).map(u64::to_string);
    let listed = listed.collect::<Vec<_>>().join(", ");
    match lines.len() {
        1 => format!("line {listed}"),
        2..=MAX_PRINTED_LINES => format!("lines {listed}"),
        _ => format!("lines {listed}, …"),
    }
}

/// The username of the account, or its address.
fn account(row: &Row) -> &str {
    let named = row.edit.username.as_deref().or(row.edit.email.as_deref());
    named.unwrap_or_default()
}

fn match_kind(found: &RowMatch) -> &'static str {
    match found {
        RowMatch::ById(..) => "id",
        RowMatch::ByPhone(_) => "phone",
        RowMatch::ByName(_) => "name",
        RowMatch::Disputed(_) | RowMatch::Ambiguous(_) => "ambiguous",
        RowMatch::Unmatched => "nobody",
    }
}

fn matched_people(found: &RowMatch) -> String {
    match found {
        RowMatch::ById(subject, None) => format!("{subject} (never heard of)"),
        RowMatch::ById(_, Some(person)) | RowMatch::ByPhone(person) | RowMatch::ByName(person) => {
            describe(person)
        }
        RowMatch::Disputed(disputed) => {
            let known = match &disputed.known {
                Some(person) => describe(person),
                None => format!("{} (never heard of)", disputed.subject),
            };
            let others = disputed.others.iter().map(describe);
            [known]
                .into_iter()
                .chain(others)
                .collect::<Vec<_>>()
                .join(" / ")
        }
        RowMatch::Ambiguous(people) => {
            let people: Vec<_> = people.iter().map(describe).collect();
            people.join(" / ")
        }
        RowMatch::Unmatched => String::new(),
    }
}

/// Identifier, name and phone of a person, to distinguish people of the same name.
fn describe(person: &Identity) -> String {
    let parts = [
        Some(person.subject.as_str()),
        person.name.as_deref(),
        person.phone.as_deref(),
    ];
    let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(" ")
}

/// The match of a row as JSON.
fn match_json(row: &Row, found: &RowMatch) -> serde_json::Value {
    let person = |person: &Identity| json!({ "id": person.subject.as_str(), "name": person.name, "phone": person.phone });
    let candidates = match found {
        RowMatch::Ambiguous(people) => people.iter().map(person).collect(),
        RowMatch::Disputed(Disputed { known, others, .. }) => {
            known.iter().chain(others).map(person).collect()
        }
        RowMatch::ById(_, Some(known)) | RowMatch::ByPhone(known) | RowMatch::ByName(known) => {
            vec![person(known)]
        }
        RowMatch::ById(_, None) | RowMatch::Unmatched => Vec::new(),
    };
    json!({
        "line": row.line,
        "client": row.client,
        "username": row.edit.username,
        "email": row.edit.email,
        "by": match_kind(found),
        "id": found.subject().map(panda_oidc_sdk::Subject::as_str),
        "candidates": candidates,
    })
}
