#!/usr/bin/env bash
# Runs once, in an empty database: a role that may read everything and write nothing, for dashboards.
set -euo pipefail

psql --set ON_ERROR_STOP=1 --set password="$(cat /run/secrets/reader_password)" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE reader LOGIN PASSWORD :'password' CONNECTION LIMIT 20;
ALTER ROLE reader SET default_transaction_read_only = on;
ALTER ROLE reader SET statement_timeout = '30s';
GRANT pg_read_all_data TO reader;
SQL
