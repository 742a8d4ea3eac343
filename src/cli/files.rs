//! Limits connections to the number of files that this process may open: each connection is one.
//!
//! The limit is read from `/proc`, because a sandbox may refuse the system call. That call could also
//! raise the limit, but raising it is up to the service manager or shell that starts the process.

use std::fs;

use panda_oidc::config::LimitsSection;

/// How many files the store, the portal and the log need at least.
const RESERVED: usize = 128;

/// `limits` with no more connections than fit, of which one address may have an eighth.
pub(super) fn fitting(mut limits: LimitsSection) -> LimitsSection {
    // Another operating system, or no limit.
    let Some(files) = fs::read_to_string("/proc/self/limits")
        .ok()
        .and_then(|limits| open_files(&limits))
    else {
        return limits;
    };
    let (wanted, of_one) = (limits.connections, limits.connections_per_address);
    let room = connections_within(wanted, files);
    if room < wanted {
        limits.connections = room;
        limits.connections_per_address = of_one.min(room.div_ceil(8));
        tracing::warn!(
            "There is room for {room} connections instead of {wanted}, and for {} of one address instead of \
             {of_one}, since this process may open {files} files; raise LimitNOFILE in its unit, or lower \
             limits.connections",
            limits.connections_per_address
        );
    }
    limits
}

/// The soft limit of open files (`proc_pid_limits(5)`).
fn open_files(limits: &str) -> Option<usize> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// A quarter of the files is left for calls to the portal and to clients that requests cause.
fn connections_within(wanted: usize, limit: usize) -> usize {
    let room = limit.saturating_sub(RESERVED) / 4 * 3;
    room.clamp(1, wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_rest() {
        assert_eq!(connections_within(4096, 1024), 672);
        assert_eq!(connections_within(4096, 524_288), 4096);
        assert_eq!(connections_within(4096, 64), 1);
    }

    #[test]
    fn the_soft_limit_is_used() {
        let shown = "Limit                     Soft Limit           Hard Limit           Units     \n\
                     Max processes             63432                63432                processes \n\
                     Max open files            1024                 524288               files     \n";
        assert_eq!(open_files(shown), Some(1024));
        assert_eq!(open_files(&shown.replace("1024  ", "unlimited")), None);
        assert_eq!(open_files(""), None);
    }
}
