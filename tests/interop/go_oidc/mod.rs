//! An application on Go's `coreos/go-oidc` and `golang.org/x/oauth2` (`tests/interop/go/app`).

mod app;
mod login;
mod refresh;
