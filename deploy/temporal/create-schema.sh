#!/bin/sh
# Creates Temporal's two databases, or brings them to the schema of this version; does nothing where they are.
# The steps of temporalio/samples-server, compose/scripts/setup-postgres.sh.
set -eu
for database in temporal temporal_visibility; do
  sql() {
    temporal-sql-tool --plugin postgres12 --ep "$POSTGRES_SEEDS" -p 5432 -u "$POSTGRES_USER" --db "$database" "$@"
  }
  case $database in
    temporal) schema=temporal ;;
    temporal_visibility) schema=visibility ;;
  esac
  sql create
  sql setup-schema -v 0.0
  sql update-schema -d "/etc/temporal/schema/postgresql/v12/$schema/versioned"
done
