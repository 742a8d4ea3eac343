//! A record as it is printed.

use std::io;

use panda_oidc::audit::{AuditFilter, Record};
use panda_oidc::store::AuditLog;
use panda_oidc_sdk::Subject;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::cli::listing::{ListError, format_millis};

/// Records in one read.
const BATCH_SIZE: u32 = 500;

/// A record as a JSON object.
#[derive(Debug, Serialize)]
pub(super) struct RecordLine<'a> {
    seq: i64,
    at: String,
    event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pseudonym: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    detail: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<i64>,
}

impl<'a> RecordLine<'a> {
    /// The line of a record.
    pub(super) fn of(record: &'a Record) -> io::Result<Self> {
        Ok(Self {
            seq: record.seq,
            at: format_millis(record.at),
            event: &record.event,
            pseudonym: record.pseudonym.as_deref(),
            person: record.person.as_ref().map(Subject::as_str),
            client_id: record.client_id.as_deref(),
            detail: serde_json::from_str(&record.detail)?,
            block: record.block,
        })
    }
}

/// Shows the records that `filter` selects.
pub(super) async fn for_each(
    store: &dyn AuditLog,
    filter: &AuditFilter,
    mut show: impl FnMut(&Record) -> io::Result<()>,
) -> Result<(), ListError> {
    let mut before = None;
    loop {
        let batch = store.audit_records(filter, before, BATCH_SIZE).await?;
        let Some(last) = batch.last() else {
            return Ok(());
        };
        before = Some(last.seq);
        batch.iter().try_for_each(&mut show)?;
    }
}
