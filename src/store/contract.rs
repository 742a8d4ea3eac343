//! What every store keeps to, each rule once. A new backend adds one line to `stores!`.

mod fixture;
mod grants;
mod links;
mod logout_deliveries;
mod maintenance;
mod people;
mod refresh_tokens;
mod replay_cache;
mod sessions;
mod signing_keys;
mod tickets;
mod user_listing;

use super::SqliteStore;

/// Stamps out one test for each rule and backend. A backend's expression gives the store and what
/// has to live as long as it.
macro_rules! stores {
    ($($backend:ident: $open:expr;)*) => {
        $(mod $backend {
            use super::*;
            rules! {
                $open =>
                sessions: a_session_is_found_by_its_handle_alone;
                sessions: an_expired_session_opens_nothing;
                sessions: a_session_can_go_on_under_its_name;
                sessions: a_session_that_ended_meanwhile_begins_as_a_new_one;
                sessions: an_expired_session_does_not_go_on;
                sessions: a_session_never_goes_on_as_another_users;
                sessions: a_retired_handle_opens_the_session_a_little_longer;
                sessions: retiring_a_handle_never_prolongs_it;
                sessions: an_unretired_handle_opens_the_prolonged_session;
                sessions: a_change_of_user_ends_the_old_session;
                sessions: updated_at_moves_only_when_something_changed;
                sessions: a_session_shows_its_user_as_last_heard_of;
                sessions: an_ended_session_opens_nothing;
                sessions: an_ended_session_names_its_clients_once_each;
                sessions: of_many_who_end_a_session_one_does;
                sessions: a_session_that_ran_out_can_be_ended;
                sessions: a_browser_that_is_taken_over_keeps_nothing_of_others;
                logout_deliveries: an_ended_session_leaves_a_delivery_for_each_client_that_listens;
                logout_deliveries: a_sign_in_that_takes_over_leaves_deliveries_too;
                logout_deliveries: a_client_that_shall_wait_is_nobodys_until_its_time;
                logout_deliveries: of_many_who_lease_a_delivery_one_gets_it;
                logout_deliveries: those_due_for_longest_are_leased_first_and_no_more_than_asked;
                logout_deliveries: no_client_takes_the_place_of_the_others;
                logout_deliveries: a_delivery_that_is_put_off_is_due_then;
                logout_deliveries: a_delivery_that_is_struck_off_is_gone;
                logout_deliveries: no_sweep_takes_a_delivery;
                tickets: the_first_browser_owns_a_ticket;
                tickets: of_many_browsers_one_owns_the_ticket;
                tickets: a_refused_ticket_changes_nothing;
                tickets: a_ticket_for_one_time_is_refused_even_to_its_owner;
                tickets: a_ticket_that_names_another_user_is_refused;
                tickets: an_ended_session_spends_every_ticket_that_opened_it;
                tickets: a_spent_ticket_stays_spent;
                tickets: a_sign_in_that_replaces_a_session_spends_its_ticket;
                tickets: an_untracked_ticket_is_nobodys;
                tickets: a_forgotten_ticket_is_like_a_new_one;
                tickets: owning_again_prolongs_and_never_shortens;
                tickets: a_claim_signs_nobody_in;
                tickets: a_ticket_leads_to_the_session_it_opened_while_that_lives;
                grants: a_code_is_redeemed_once;
                grants: of_many_redeemers_one_wins;
                grants: reuse_of_a_code_revokes_its_grant;
                grants: reuse_is_noticed_after_the_code_has_expired;
                grants: a_forgotten_code_is_unknown;
                grants: an_expired_code_is_unknown;
                grants: a_code_that_never_was_is_unknown;
                grants: a_code_dies_with_its_session;
                grants: a_grant_stands_once_its_code_was_taken;
                grants: a_grant_dies_with_its_session;
                grants: a_grant_shows_its_user_as_last_heard_of;
                grants: a_grant_is_read_back_to_the_letter;
                grants: one_code_spent_leaves_the_others;
                grants: a_revoked_grant_stands_no_more;
                grants: an_offline_grant_outlives_a_session_that_runs_out;
                refresh_tokens: a_refresh_token_is_followed_by_the_next;
                refresh_tokens: within_the_grace_a_token_may_come_again;
                refresh_tokens: after_the_grace_a_token_that_comes_again_ends_its_family;
                refresh_tokens: a_token_older_than_the_last_ends_its_family_at_any_time;
                refresh_tokens: of_many_who_refresh_at_once_all_get_one_successor;
                refresh_tokens: a_family_lives_no_longer_than_its_grant;
                refresh_tokens: a_family_dies_with_its_session_unless_it_is_offline;
                refresh_tokens: an_ended_session_and_a_revoked_grant_end_the_family;
                refresh_tokens: a_grant_that_is_not_refreshable_begins_no_family;
                people: who_has_signed_in_is_known_and_unlisted;
                people: a_reading_holds_only_once_it_is_accepted;
                people: of_many_one_has_the_lease;
                people: who_has_lost_the_lease_changes_nothing;
                people: a_step_renews_the_lease;
                people: a_person_is_absent_before_they_are_gone;
                people: updated_at_moves_when_the_directory_brings_something_new;
                people: a_leaver_has_no_session_no_grant_and_no_way_in;
                people: what_became_of_a_leaver_is_written_down;
                people: a_logout_of_somebody_who_stays_is_nobodys_history;
                people: people_are_listed_in_the_order_of_their_subjects;
                people: a_leaver_who_is_forgotten_stays_out;
                people: somebody_who_is_forgotten_is_signed_out;
                people: leavers_are_forgotten_when_their_time_is_over;
                people: a_report_is_kept;
                user_listing: an_entry_has_the_account_for_all_clients_alone;
                user_listing: entries_are_read_by_parts;
                user_listing: people_are_counted_and_passed_by;
                signing_keys: the_first_key_of_an_algorithm_is_kept;
                signing_keys: of_processes_that_start_at_once_all_get_the_same_key;
                signing_keys: keys_are_listed_oldest_first;
                links: a_link_is_read_back_to_the_letter;
                links: a_link_is_completed_with_the_one_for_all;
                links: a_username_is_one_persons_in_a_client;
                links: an_address_is_one_persons_in_a_client;
                links: a_username_is_not_the_identifier_of_somebody_without_one;
                links: a_username_for_all_is_nobody_elses_anywhere;
                links: two_in_one_join_cannot_have_the_same;
                links: two_people_can_swap_their_usernames;
                links: a_join_says_what_it_changed;
                links: a_rehearsal_says_what_a_join_would_and_changes_nothing;
                links: a_link_is_taken_away_once;
                links: links_are_listed_in_order_and_by_parts;
                links: people_are_found_by_number_name_and_identifier;
                links: a_grant_brings_the_account_its_client_has;
                replay_cache: a_name_is_spent_once;
                replay_cache: of_many_who_spend_a_name_one_does;
                replay_cache: a_name_is_forgotten_when_its_time_is_over;
                replay_cache: a_sweep_takes_the_names_whose_time_is_over;
                maintenance: a_sweep_takes_what_has_expired_and_nothing_else;
                maintenance: a_session_is_kept_as_long_as_an_offline_grant_that_came_from_it;
                maintenance: a_sweep_takes_any_number;
                maintenance: a_store_that_works_says_so;
                maintenance: a_closed_store_refuses;
            }
        })*
    };
}

macro_rules! rules {
    ($open:expr => $($part:ident: $rule:ident;)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $rule() {
            let (store, _kept) = $open;
            super::$part::$rule(store).await;
        })*
    };
}

stores! {
    sqlite: {
        let folder = tempfile::tempdir().unwrap();
        (SqliteStore::open(&folder.path().join("panda-oidc.db")).unwrap(), folder)
    };
}
