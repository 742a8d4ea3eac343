//! The contract that every provider must satisfy.

use crate::bench::PandaBench;

panda_oidc_sdk::provider_contract!(PandaBench::start());
