-- What is due is sought for each client by itself: one that hangs may have any number of rows.
CREATE INDEX logout_deliveries_of_client ON logout_deliveries (client_id, due_at);
DROP INDEX logout_deliveries_due;
