//! The chain of blocks. A block holds the hash of the block before and of its records, under a key that the
//! database does not have.

use chrono::{DateTime, Utc};

use super::record::Record;
use crate::crypto::AuditKey;
use crate::crypto::identifiers::{BlockHash, RecordsDigest};

/// The hash before the first block.
const NO_BLOCK: [u8; 32] = [0; 32];

/// A block of sealed records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Its number, from 1 without gaps.
    pub number: i64,
    /// When it was sealed.
    pub sealed_at: DateTime<Utc>,
    /// The time of its newest record.
    pub newest_at: DateTime<Utc>,
    /// The number of its records.
    pub records: i64,
    /// The hash of its records.
    pub digest: RecordsDigest,
    /// The hash of the block before.
    pub previous: BlockHash,
    /// The keyed hash of all of that.
    pub hash: BlockHash,
    /// Whether its records were removed after the retention time.
    pub is_pruned: bool,
}

/// A block to store, and the records that it seals: all that are not sealed, from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewBlock {
    /// The block.
    pub block: Block,
    /// The number of the first record.
    pub first_seq: i64,
    /// The number of the last record.
    pub last_seq: i64,
}

/// Records to seal, in order. There is at least one.
#[derive(Debug, Clone, Copy)]
pub struct Sealable<'a> {
    records: &'a [Record],
    first_seq: i64,
    last_seq: i64,
}

impl<'a> Sealable<'a> {
    /// `None` if there are no records.
    #[must_use]
    pub fn new(records: &'a [Record]) -> Option<Self> {
        Some(Self {
            records,
            first_seq: records.first()?.seq,
            last_seq: records.last()?.seq,
        })
    }

    /// The block that seals them after `previous`.
    #[must_use]
    pub fn seal(&self, previous: Option<&Block>, key: &AuditKey, now: DateTime<Utc>) -> NewBlock {
        // The store keeps milliseconds.
        let now = DateTime::from_timestamp_millis(now.timestamp_millis()).unwrap_or(now);
        let newest = self.records.iter().map(|record| record.at).max();
        let mut block = Block {
            number: previous.map_or(1, |block| block.number + 1),
            sealed_at: now,
            newest_at: newest.unwrap_or(now),
            records: count(self.records),
            digest: digest(self.records),
            previous: previous.map_or_else(|| NO_BLOCK.into(), |block| block.hash),
            hash: NO_BLOCK.into(),
            is_pruned: false,
        };
        block.hash = key.hash(&block.canonical());
        NewBlock {
            block,
            first_seq: self.first_seq,
            last_seq: self.last_seq,
        }
    }
}

impl Block {
    /// What is hashed. The length is fixed, so two blocks never have the same.
    fn canonical(&self) -> Vec<u8> {
        let numbers = [
            self.number,
            self.sealed_at.timestamp_millis(),
            self.newest_at.timestamp_millis(),
            self.records,
        ];
        let numbers = numbers.iter().flat_map(|number| number.to_be_bytes());
        let mut bytes = b"panda-oidc audit block 1".to_vec();
        bytes.extend(numbers);
        bytes.extend(self.digest.as_bytes());
        bytes.extend(self.previous.as_bytes());
        bytes
    }
}

fn count(records: &[Record]) -> i64 {
    i64::try_from(records.len()).unwrap_or(i64::MAX)
}

/// The hash of records in their order. Each text has its length before it.
fn digest(records: &[Record]) -> RecordsDigest {
    let mut bytes = Vec::new();
    for record in records {
        bytes.extend(record.seq.to_be_bytes());
        bytes.extend(record.at.timestamp_millis().to_be_bytes());
        let texts = [
            Some(record.event.as_str()),
            record.pseudonym.as_deref(),
            record.client_id.as_deref(),
            Some(record.detail.as_str()),
        ];
        for text in texts {
            let length = text.map_or(-1, |text| i64::try_from(text.len()).unwrap_or(i64::MAX));
            bytes.extend(length.to_be_bytes());
            bytes.extend(text.unwrap_or_default().as_bytes());
        }
    }
    RecordsDigest::of(&bytes)
}

/// Where the chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// A block is missing.
    #[error("block {expected} is missing: block {found} comes in its place")]
    Missing {
        /// The number that is missing.
        expected: i64,
        /// The number that was found.
        found: i64,
    },
    /// The first block is not the first that was made, and none before it was removed after the retention time.
    #[error("the blocks before block {0} are missing")]
    NoBeginning(i64),
    /// A block does not continue the one before.
    #[error("block {0} does not continue the block before it: one of both was replaced")]
    Forked(i64),
    /// A block was not made with this key.
    #[error("block {0} was changed, or was made with another master key")]
    Forged(i64),
    /// Only the first block may have been pruned.
    #[error("the records of block {0} were removed, although those of the block before are there")]
    PrunedWithin(i64),
    /// The number of records is another.
    #[error("block {block} has {found} records of {expected}: records were removed or added")]
    Count {
        /// The block.
        block: i64,
        /// The number of records that were sealed.
        expected: i64,
        /// The number that was found.
        found: i64,
    },
    /// A record was changed.
    #[error("a record of block {block} was changed, one of {first} to {last}")]
    Changed {
        /// The block.
        block: i64,
        /// The number of its first record.
        first: i64,
        /// The number of its last record.
        last: i64,
    },
}

/// Verifies blocks in their order.
#[derive(Debug, Default)]
pub struct Verifier {
    last: Option<Block>,
}

impl Verifier {
    /// Verifies the next block and its records.
    ///
    /// # Errors
    ///
    /// The first [`ChainFault`].
    pub fn verify(
        &mut self,
        block: &Block,
        records: &[Record],
        key: &AuditKey,
    ) -> Result<(), ChainFault> {
        let number = block.number;
        match &self.last {
            Some(last) if number != last.number + 1 => {
                let expected = last.number + 1;
                return Err(ChainFault::Missing {
                    expected,
                    found: number,
                });
            }
            Some(last) if block.previous != last.hash => return Err(ChainFault::Forked(number)),
            Some(_) if block.is_pruned => return Err(ChainFault::PrunedWithin(number)),
            None if !block.is_pruned && number != 1 => {
                return Err(ChainFault::NoBeginning(number));
            }
            Some(_) | None => {}
        }
        if key.hash(&block.canonical()) != block.hash {
            return Err(ChainFault::Forged(number));
        }
        let expected = if block.is_pruned { 0 } else { block.records };
        if count(records) != expected {
            return Err(ChainFault::Count {
                block: number,
                expected,
                found: count(records),
            });
        }
        if let [first, .., last] | [first @ last] = records
            && digest(records) != block.digest
        {
            return Err(ChainFault::Changed {
                block: number,
                first: first.seq,
                last: last.seq,
            });
        }
        self.last = Some(*block);
        Ok(())
    }

    /// The block that was verified last.
    #[must_use]
    pub fn head(&self) -> Option<&Block> {
        self.last.as_ref()
    }
}

#[cfg(test)]
mod tests;
