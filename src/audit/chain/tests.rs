//! Whatever is changed in the database, the chain shows it.

use super::*;
use crate::crypto::MasterKey;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn key() -> AuditKey {
    MasterKey::random(&mut rand::rng()).audit_key()
}

fn record(seq: i64) -> Record {
    Record {
        seq,
        at: at(seq),
        event: "signed_in".to_owned(),
        pseudonym: Some("p".to_owned()),
        person: None,
        client_id: None,
        detail: format!("{{\"seq\":{seq}}}"),
        block: None,
    }
}

/// Three blocks of three records.
fn chain(key: &AuditKey) -> Vec<(Block, Vec<Record>)> {
    let mut chain: Vec<(Block, Vec<Record>)> = Vec::new();
    for first in [1, 4, 7] {
        let records: Vec<_> = (first..first + 3).map(record).collect();
        let previous = chain.last().map(|(block, _)| block);
        let sealed = Sealable::new(&records).unwrap();
        let new = sealed.seal(previous, key, at(100 + first));
        assert_eq!((new.first_seq, new.last_seq), (first, first + 2));
        chain.push((new.block, records));
    }
    chain
}

fn verify(chain: &[(Block, Vec<Record>)], key: &AuditKey) -> Result<BlockHash, ChainFault> {
    let mut verifier = Verifier::default();
    for (block, records) in chain {
        verifier.verify(block, records, key)?;
    }
    Ok(verifier.head().unwrap().hash)
}

/// A chain after `change`.
fn after(change: impl FnOnce(&mut Vec<(Block, Vec<Record>)>)) -> Result<BlockHash, ChainFault> {
    let key = key();
    let mut chain = chain(&key);
    change(&mut chain);
    verify(&chain, &key)
}

#[test]
fn an_unchanged_chain_holds() {
    let key = key();
    let chain = chain(&key);
    assert_eq!(verify(&chain, &key), Ok(chain[2].0.hash));
}

#[test]
fn every_change_of_a_record_is_found() {
    let changed = Err(ChainFault::Changed {
        block: 2,
        first: 4,
        last: 6,
    });
    assert_eq!(after(|chain| chain[1].1[1].detail.push(' ')), changed);
    assert_eq!(after(|chain| chain[1].1[1].at = at(0)), changed);
    assert_eq!(after(|chain| chain[1].1[1].pseudonym = None), changed);
    assert_eq!(after(|chain| chain[1].1[1].event.clear()), changed);
    let client = || Some(String::new());
    assert_eq!(after(|chain| chain[1].1[1].client_id = client()), changed);
    assert_eq!(after(|chain| chain[1].1[1].seq = 9), changed);
    let swapped = after(|chain| {
        let later = chain[1].1[2].detail.clone();
        let earlier = std::mem::replace(&mut chain[1].1[1].detail, later);
        chain[1].1[2].detail = earlier;
    });
    assert_eq!(swapped, changed);
}

#[test]
fn a_record_that_was_removed_or_added_is_found() {
    let count = |found| {
        Err(ChainFault::Count {
            block: 2,
            expected: 3,
            found,
        })
    };
    assert_eq!(after(|chain| drop(chain[1].1.remove(0))), count(2));
    assert_eq!(after(|chain| chain[1].1.clear()), count(0));
    assert_eq!(after(|chain| chain[1].1.push(record(9))), count(4));
}

#[test]
fn a_block_that_was_removed_changed_or_forged_is_found() {
    let missing = Err(ChainFault::Missing {
        expected: 2,
        found: 3,
    });
    assert_eq!(after(|chain| drop(chain.remove(1))), missing);
    let no_beginning = Err(ChainFault::NoBeginning(2));
    assert_eq!(after(|chain| drop(chain.remove(0))), no_beginning);
    let forged = Err(ChainFault::Forged(2));
    assert_eq!(after(|chain| chain[1].0.newest_at = at(0)), forged);
    assert_eq!(after(|chain| chain[1].0.sealed_at = at(0)), forged);
    let pruned = Err(ChainFault::PrunedWithin(2));
    assert_eq!(after(|chain| chain[1].0.is_pruned = true), pruned);
    // Somebody without the key rewrites the last block.
    let rewritten = after(|chain| {
        let other = key();
        let records: Vec<_> = (7..9).map(record).collect();
        let sealed = Sealable::new(&records).unwrap();
        chain[2] = (
            sealed.seal(Some(&chain[1].0), &other, at(107)).block,
            records,
        );
    });
    assert_eq!(rewritten, Err(ChainFault::Forged(3)));
}

#[test]
fn a_chain_whose_first_blocks_were_pruned_holds() {
    let pruned = after(|chain| {
        chain.remove(0);
        chain[0].0.is_pruned = true;
        chain[0].1.clear();
    });
    assert!(pruned.is_ok(), "{pruned:?}");
}
