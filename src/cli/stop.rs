//! Stop signals.

/// Returns a function that waits for one Ctrl-C or `SIGTERM` per call. Signals are caught from now on,
/// even before the first call.
pub(super) fn stop_signal() -> Result<impl AsyncFnMut(), String> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let listen =
            |kind| signal(kind).map_err(|error| format!("no signal can be heard: {error}"));
        let mut interrupt = listen(SignalKind::interrupt())?;
        let mut terminate = listen(SignalKind::terminate())?;
        Ok(async move || {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async || {
        let _ = tokio::signal::ctrl_c().await;
    })
}
