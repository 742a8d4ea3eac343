//! `panda-oidc audit verify`.

use std::process::ExitCode;

use chrono::TimeDelta;
use clap::Args;
use panda_oidc::audit::{Block, Verifier};
use panda_oidc::config::Config;
use panda_oidc::crypto::identifiers::BlockHash;
use panda_oidc::crypto::{AuditKey, MasterKey};
use panda_oidc::error_chain::explain;
use panda_oidc::store::{AuditLog, StoreError};
use panda_oidc_sdk::{Clock as _, SystemClock};

use crate::cli::configured::ConfigArgs;
use crate::cli::listing::format_time;
use crate::cli::output::print;

/// Blocks in one read.
const BATCH_SIZE: u32 = 100;

/// The most unsealed records that are counted.
const MAX_UNSEALED: u32 = 10_000;

/// Verifies the chain of blocks.
#[derive(Debug, Args)]
pub(in crate::cli) struct Verify {
    #[command(flatten)]
    pub(super) configured: ConfigArgs,
    /// The hash of a block that was noted earlier, such as from the log of the provider. It must still be there.
    #[arg(long, value_name = "HASH", value_parser = hash, allow_hyphen_values = true)]
    head: Option<BlockHash>,
}

fn hash(text: &str) -> Result<BlockHash, String> {
    BlockHash::from_text(text).ok_or_else(|| "a hash has 43 characters of base64url".to_owned())
}

/// What was verified.
#[derive(Default)]
struct Verified {
    blocks: usize,
    records: i64,
    pruned: Option<Block>,
    has_head: bool,
}

impl Verify {
    pub(super) async fn run(
        &self,
        config: &Config,
        store: &dyn AuditLog,
    ) -> Result<ExitCode, String> {
        let key = MasterKey::existing(&config.keys.master_key_file);
        let key = key.map_err(|error| explain(&error))?.audit_key();
        let failed = |error: StoreError| explain(&error);
        let mut verifier = Verifier::default();
        let verified = self.chain(store, &key, &mut verifier).await?;
        let last = verifier.head().map_or(0, |block| block.number);
        let beyond = store.records_beyond(last).await.map_err(failed)?;
        // Whoever seals meanwhile makes a block that was not read.
        let newer = store.last_block().await.map_err(failed)?;
        if beyond > 0 && newer.is_none_or(|block| block.number <= last) {
            return Err(format!(
                "{beyond} records name blocks after block {last}, which are missing"
            ));
        }
        if self.head.is_some() && !verified.has_head {
            return Err(
                "no block has the hash of --head: the end of the audit log was removed, or the \
                 retention time of that block is over"
                    .to_owned(),
            );
        }
        if let Some(pruned) = &verified.pruned {
            let newest = format_time(pruned.newest_at);
            let retention = TimeDelta::from_std(config.audit.retention).unwrap_or(TimeDelta::MAX);
            if SystemClock.now().signed_duration_since(pruned.newest_at) < retention {
                return Err(format!(
                    "records up to {newest} were removed, although audit.retention has not passed since"
                ));
            }
            print(&format_args!(
                "removed after the retention time: records up to {newest}"
            ));
        }
        let unsealed = store.unsealed_records(MAX_UNSEALED).await;
        let unsealed = unsealed.map_err(failed)?.len();
        print(&format_args!(
            "sound: {} records in {} blocks; not sealed yet: {unsealed}",
            verified.records, verified.blocks
        ));
        if let Some(head) = verifier.head() {
            print(&format_args!("head: {}", head.hash.to_text()));
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn chain(
        &self,
        store: &dyn AuditLog,
        key: &AuditKey,
        verifier: &mut Verifier,
    ) -> Result<Verified, String> {
        let mut verified = Verified::default();
        loop {
            let after = verifier.head().map_or(i64::MIN, |block| block.number);
            let blocks = store.blocks(after, BATCH_SIZE).await;
            let blocks = blocks.map_err(|error| explain(&error))?;
            if blocks.is_empty() {
                return Ok(verified);
            }
            for block in &blocks {
                let records = store.records_of_block(block.number).await;
                let records = records.map_err(|error| explain(&error))?;
                let holds = verifier.verify(block, &records, key);
                holds.map_err(|fault| format!("the audit log is not sound: {fault}"))?;
                verified.has_head |= self.head == Some(block.hash);
                if block.is_pruned {
                    verified.pruned = Some(*block);
                } else {
                    verified.blocks += 1;
                    verified.records += block.records;
                }
            }
        }
    }
}
