//! The same load, measured several times.

use super::load::Load;

/// The loads of one provider, one of each round, with the memory of the server after it, in bytes.
#[derive(Default)]
pub(crate) struct Rounds(Vec<(Load, Option<u64>)>);

impl Rounds {
    pub(crate) fn add(&mut self, load: Load, memory: Option<u64>) {
        self.0.push((load, memory));
    }

    /// The round with the median processor time; `None` when nothing was measured.
    pub(crate) fn median(&self) -> Option<&(Load, Option<u64>)> {
        let mut rounds: Vec<_> = self.0.iter().collect();
        rounds.sort_by(|(a, _), (b, _)| a.cpu().total_cmp(&b.cpu()));
        rounds.get(rounds.len() / 2).copied()
    }

    /// How many times the processor time of `others` this took: the median over the rounds. The speed of a
    /// shared machine drifts, so only figures of one round are compared.
    pub(crate) fn times(&self, others: &Self) -> Option<f64> {
        let pairs = self.0.iter().zip(&others.0);
        let mut times: Vec<_> = pairs
            .map(|((own, _), (other, _))| own.cpu() / other.cpu())
            .collect();
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied()
    }
}
