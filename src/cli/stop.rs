//! Being asked to stop.

/// Waits for Ctrl-C, or what a service manager sends, once a call. They are heard from now on, even
/// before they are waited for.
pub(super) fn asked_to_stop() -> Result<impl AsyncFnMut(), String> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let hear = |kind| signal(kind).map_err(|error| format!("no signal can be heard: {error}"));
        let mut interrupt = hear(SignalKind::interrupt())?;
        let mut terminate = hear(SignalKind::terminate())?;
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
