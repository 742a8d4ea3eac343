//! What every provider keeps to.

use crate::bench::PandaBench;

panda_oidc_sdk::provider_contract!(PandaBench::start());
