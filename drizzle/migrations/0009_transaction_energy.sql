ALTER TABLE "transaction" ADD COLUMN "parent_id_tag" text;--> statement-breakpoint
ALTER TABLE "transaction" ADD COLUMN "energy_source" text;--> statement-breakpoint
ALTER TABLE "transaction" ADD COLUMN "readings" jsonb;--> statement-breakpoint
UPDATE "transaction" SET "energy_source" = CASE "end" WHEN 'station' THEN 'register' ELSE 'readings' END WHERE "energy_wh" IS NOT NULL;
