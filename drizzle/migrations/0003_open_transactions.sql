DROP INDEX "transaction_open";--> statement-breakpoint
CREATE INDEX "transaction_open" ON "transaction" USING btree ("charge_point_id") WHERE "transaction"."end" is null;