//! The rules for every store backend, each written once. A new backend adds one line to `stores!`.

mod admin_tokens;
mod fixture;
mod grants;
mod links;
mod logout_deliveries;
mod maintenance;
mod people;
mod readings;
mod refresh_tokens;
mod replay_cache;
mod session_listing;
mod sessions;
mod signing_keys;
mod tickets;
mod user_listing;

use super::postgres::tests as postgres;
use super::{SqliteStore, WriteTimeout};

/// Generates one test for each rule and backend, with the backend's attributes. A backend's expression returns the store, and a value
/// that must live as long as the store.
macro_rules! stores {
    ($($backend:ident $attributes:tt: $open:expr;)*) => {
        $(mod $backend {
            use super::*;
            rules! {
                $attributes $open =>
                sessions: a_session_is_found_only_by_its_handle;
                sessions: an_expired_session_is_not_found;
                sessions: a_session_of_the_future_is_not_found_and_can_be_continued;
                sessions: a_continued_session_keeps_its_sid;
                sessions: continuing_an_ended_session_begins_a_new_one;
                sessions: continuing_an_expired_session_begins_a_new_one;
                sessions: a_session_is_never_continued_for_another_user;
                sessions: a_browser_without_its_cookie_continues_its_session;
                sessions: a_retired_handle_works_until_its_deadline;
                sessions: retiring_a_handle_again_never_extends_it;
                sessions: a_handle_that_is_not_retired_opens_the_continued_session;
                sessions: a_change_of_user_ends_the_old_session;
                sessions: updated_at_changes_only_when_the_identity_changes;
                sessions: a_session_has_the_latest_identity_of_its_user;
                sessions: an_ended_session_is_not_found_by_any_handle;
                sessions: an_ended_session_lists_each_client_once;
                sessions: of_concurrent_end_calls_one_ends_the_session;
                sessions: an_expired_session_can_still_be_ended;
                sessions: the_end_of_a_session_is_that_of_earlier_ones_of_the_user_in_the_browser;
                sessions: a_sign_in_ends_every_session_of_other_users_in_the_browser;
                session_listing: sessions_are_listed_in_order_and_in_batches;
                session_listing: sessions_are_found_by_person_client_and_sid;
                session_listing: an_expired_session_is_listed_until_it_is_swept;
                session_listing: several_sessions_end_at_once;
                logout_deliveries: an_ended_session_queues_a_delivery_for_each_listening_client;
                logout_deliveries: a_sign_in_of_another_user_queues_deliveries_too;
                logout_deliveries: a_postponed_client_is_not_leased_before_its_time;
                logout_deliveries: of_concurrent_leases_one_gets_the_delivery;
                logout_deliveries: the_longest_due_deliveries_are_leased_first_up_to_the_limit;
                logout_deliveries: no_client_exceeds_its_share_of_the_leases;
                logout_deliveries: a_postponed_delivery_is_due_at_its_new_time;
                logout_deliveries: a_completed_delivery_is_not_leased_again;
                logout_deliveries: a_sweep_removes_no_delivery;
                tickets: the_first_browser_owns_a_ticket;
                tickets: of_concurrent_browsers_one_owns_the_ticket;
                tickets: a_ticket_passes_to_the_new_identifier_of_its_owner;
                tickets: a_refused_ticket_changes_nothing;
                tickets: a_single_use_ticket_is_refused_the_second_time_even_to_its_owner;
                tickets: a_ticket_that_now_names_another_user_is_refused;
                tickets: ending_a_session_spends_every_ticket_that_opened_it;
                tickets: a_spent_ticket_stays_spent;
                tickets: a_sign_in_of_another_user_spends_the_ticket_of_the_old_session;
                tickets: an_untracked_ticket_has_no_owner;
                tickets: an_expired_ticket_can_be_claimed_like_a_new_one;
                tickets: claiming_again_extends_and_never_shortens_the_ownership;
                tickets: a_claim_without_a_sign_in_owns_the_ticket;
                tickets: a_ticket_finds_the_session_it_opened_while_that_is_live;
                grants: a_code_is_redeemed_once;
                grants: a_code_is_unknown_to_another_client;
                grants: of_concurrent_redemptions_one_succeeds;
                grants: reuse_of_a_code_revokes_its_grant;
                grants: reuse_is_detected_after_the_code_has_expired;
                grants: a_code_is_unknown_after_its_retention_time;
                grants: an_expired_code_is_unknown;
                grants: a_grant_of_the_future_does_not_count;
                grants: a_code_that_was_never_issued_is_unknown;
                grants: a_code_is_unknown_once_its_session_is_over;
                grants: a_grant_is_active_once_its_code_is_redeemed;
                grants: a_grant_is_inactive_once_its_session_is_over;
                grants: a_grant_has_the_latest_identity_of_its_user;
                grants: a_grant_is_read_back_unchanged;
                grants: a_grant_without_a_code_is_active_at_once;
                grants: a_refreshable_grant_without_a_code_begins_its_family;
                grants: no_grant_without_a_code_is_issued_once_the_session_is_over;
                grants: reuse_of_one_code_leaves_other_grants_active;
                grants: a_revoked_grant_is_inactive;
                grants: an_offline_grant_outlives_an_expired_session_but_not_an_ended_one;
                refresh_tokens: a_refresh_token_is_replaced_by_its_successor;
                refresh_tokens: a_replaced_token_may_be_presented_again_within_the_grace_period;
                refresh_tokens: reuse_after_the_grace_period_revokes_the_family;
                refresh_tokens: a_token_that_was_replaced_in_the_future_has_no_grace_period;
                refresh_tokens: reuse_of_an_older_token_revokes_the_family_at_any_time;
                refresh_tokens: concurrent_refreshes_all_get_the_same_successor;
                refresh_tokens: a_family_expires_with_its_grant;
                refresh_tokens: a_family_that_is_not_offline_ends_with_its_session;
                refresh_tokens: an_ended_session_ends_even_an_offline_family;
                refresh_tokens: a_grant_that_is_not_refreshable_begins_no_family;
                people: a_person_who_signs_in_is_known_and_unlisted;
                people: a_person_goes_from_listed_to_absent_to_left;
                people: updated_at_changes_when_the_directory_changes_the_identity;
                people: a_leaver_has_no_session_and_no_grant_and_cannot_sign_in;
                people: the_history_of_a_leaver_is_recorded;
                people: a_person_who_returns_counts_as_changed;
                people: a_logout_is_not_recorded_for_a_person_who_has_not_left;
                people: people_are_listed_in_subject_order;
                people: a_forgotten_leaver_still_cannot_sign_in;
                people: forgetting_a_person_signs_them_out;
                people: leavers_are_forgotten_after_the_retention_time;
                readings: a_reading_takes_effect_only_once_it_is_accepted;
                readings: of_concurrent_holders_one_gets_the_lease;
                readings: a_holder_that_lost_the_lease_changes_nothing;
                readings: a_step_renews_the_lease;
                readings: the_latest_report_is_kept;
                user_listing: a_user_row_has_only_the_account_for_all_clients;
                user_listing: user_rows_are_read_in_batches;
                user_listing: people_are_counted_and_skipped;
                signing_keys: the_first_key_of_an_algorithm_is_kept;
                signing_keys: processes_that_start_at_once_all_get_the_same_key;
                signing_keys: keys_are_listed_oldest_first;
                signing_keys: of_replicas_that_rotate_one_stores_its_key;
                signing_keys: the_next_key_follows_the_last_one_of_its_algorithm;
                signing_keys: new_keys_can_revoke_those_before_them;
                signing_keys: keys_are_removed_by_their_identifiers;
                admin_tokens: an_admin_token_is_found_only_by_the_hash_of_its_secret;
                admin_tokens: admin_tokens_are_listed_oldest_first;
                admin_tokens: the_name_of_an_admin_token_is_unique;
                admin_tokens: a_revoked_admin_token_is_gone_and_its_name_is_free;
                links: a_link_is_read_back_unchanged;
                links: a_link_for_a_client_is_completed_from_the_one_for_all_clients;
                links: a_username_is_unique_within_a_client;
                links: an_email_address_is_unique_within_a_client;
                links: a_username_is_never_the_identifier_of_a_person_without_a_username;
                links: a_username_for_all_clients_is_unique_in_every_client;
                links: one_join_cannot_give_two_people_the_same_username;
                links: two_people_can_swap_their_usernames;
                links: a_join_reports_what_it_changed;
                links: a_rehearsal_reports_like_a_join_and_changes_nothing;
                links: a_link_is_removed_once;
                links: links_are_listed_in_order_and_in_batches;
                links: candidates_are_found_by_phone_name_and_identifier;
                links: a_grant_has_the_account_of_its_user_in_its_client;
                replay_cache: a_key_is_inserted_once;
                replay_cache: of_concurrent_inserts_one_succeeds;
                replay_cache: a_key_can_be_inserted_again_once_it_has_expired;
                replay_cache: a_sweep_removes_expired_keys;
                maintenance: a_sweep_removes_only_what_has_expired;
                maintenance: a_code_that_is_not_redeemed_leaves_no_grant;
                maintenance: a_session_is_kept_as_long_as_its_offline_grants;
                maintenance: a_sweep_removes_more_than_one_batch;
                maintenance: a_working_store_answers_a_ping;
                maintenance: a_closed_store_refuses_every_call;
            }
        })*
    };
}

macro_rules! rules {
    ($attributes:tt $open:expr => $($part:ident: $rule:ident;)*) => {
        $(rule! { $attributes $open => $part: $rule })*
    };
}

macro_rules! rule {
    ([$($attribute:tt)*] $open:expr => $part:ident: $rule:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        $($attribute)*
        async fn $rule() {
            let (store, _guard) = $open;
            super::$part::$rule(store).await;
        }
    };
}

stores! {
    sqlite []: {
        let folder = tempfile::tempdir().unwrap();
        (SqliteStore::open(&folder.path().join("panda-oidc.db"), WriteTimeout::Command).unwrap(), folder)
    };
    // `cargo test --lib store:: -- --ignored` runs these, once `.ci/postgresql.sh` has installed the servers.
    postgresql [#[ignore = "needs PostgreSQL"]]: (postgres::on_debian().await, ());
    newest_postgresql [#[ignore = "needs PostgreSQL"]]: (postgres::on_newest().await, ());
    pgbouncer [#[ignore = "needs PgBouncer"]]: (postgres::behind_bouncer().await, ());
}
