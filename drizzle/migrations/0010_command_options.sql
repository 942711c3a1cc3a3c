ALTER TABLE "command" ADD COLUMN "options" json;--> statement-breakpoint
CREATE INDEX "command_id" ON "command" USING btree ("command_id");