-- conversation: create_session
BEGIN ISOLATION LEVEL READ COMMITTED;
INSERT INTO "public"."praison_sessions" (session_id, user_id, agent_id, name, state, metadata, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING;
COMMIT;

-- conversation: get_session
SELECT session_id, user_id, agent_id, name, state::text, metadata::text, created_at, updated_at FROM "public"."praison_sessions" WHERE session_id = $1;

-- conversation: update_session
UPDATE "public"."praison_sessions" SET user_id = $1, agent_id = $2, name = $3, state = $4, metadata = $5, created_at = $6, updated_at = $7 WHERE session_id = $8;

-- conversation: change_session
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT session_id, user_id, agent_id, name, state::text, metadata::text, created_at, updated_at FROM "public"."praison_sessions" WHERE session_id = $1 FOR NO KEY UPDATE;
UPDATE "public"."praison_sessions" SET user_id = $1, agent_id = $2, name = $3, state = $4, metadata = $5, created_at = $6, updated_at = $7 WHERE session_id = $8;
COMMIT;

-- conversation: upsert_session
INSERT INTO "public"."praison_sessions" (session_id, user_id, agent_id, name, state, metadata, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (session_id) DO UPDATE SET user_id = excluded.user_id, agent_id = excluded.agent_id, name = excluded.name, state = excluded.state, metadata = excluded.metadata, created_at = excluded.created_at, updated_at = excluded.updated_at;

-- conversation: delete_session
BEGIN ISOLATION LEVEL READ COMMITTED;
DELETE FROM "public"."praison_sessions" WHERE session_id = $1;
DELETE FROM "public"."praison_messages" WHERE session_id = $1;
COMMIT;

-- conversation: list_sessions, all
SELECT session_id, user_id, agent_id, name, state::text, metadata::text, created_at, updated_at FROM "public"."praison_sessions" ORDER BY updated_at DESC, session_id LIMIT $1 OFFSET $2;

-- conversation: list_sessions, of a user and an agent
SELECT session_id, user_id, agent_id, name, state::text, metadata::text, created_at, updated_at FROM "public"."praison_sessions" WHERE user_id = $1 AND agent_id = $2 ORDER BY updated_at DESC, session_id LIMIT $3 OFFSET $4;

-- conversation: add_message
INSERT INTO "public"."praison_messages" (id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at) SELECT $1, $2, $3, $4, $5, $6, $7, $8 FROM "public"."praison_sessions" WHERE session_id = $9 FOR NO KEY UPDATE ON CONFLICT DO NOTHING;

-- conversation: add_message, stored already
INSERT INTO "public"."praison_messages" (id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at) SELECT $1, $2, $3, $4, $5, $6, $7, $8 FROM "public"."praison_sessions" WHERE session_id = $9 FOR NO KEY UPDATE ON CONFLICT DO NOTHING;
SELECT session_id, user_id, agent_id, name, state::text, metadata::text, created_at, updated_at FROM "public"."praison_sessions" WHERE session_id = $1;
SELECT id, session_id, role, content, tool_calls::text, tool_call_id, metadata::text, created_at FROM "public"."praison_messages" WHERE session_id = $1 AND id IN ($2);

-- conversation: add_messages
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT session_id FROM "public"."praison_sessions" WHERE session_id = $1 FOR NO KEY UPDATE;
INSERT INTO "public"."praison_messages" (id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8), ($9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT DO NOTHING;
COMMIT;

-- conversation: add_messages, one stored already
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT session_id FROM "public"."praison_sessions" WHERE session_id = $1 FOR NO KEY UPDATE;
INSERT INTO "public"."praison_messages" (id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING;
SELECT id, session_id, role, content, tool_calls::text, tool_call_id, metadata::text, created_at FROM "public"."praison_messages" WHERE session_id = $1 AND id IN ($2);
COMMIT;

-- conversation: get_messages, all
SELECT id, session_id, role, content, tool_calls::text, tool_call_id, metadata::text, created_at FROM "public"."praison_messages" WHERE session_id = $1 ORDER BY seq;

-- conversation: get_messages, the newest between two times
SELECT id, session_id, role, content, tool_calls::text, tool_call_id, metadata::text, created_at FROM "public"."praison_messages" WHERE session_id = $1 AND created_at < $2 AND created_at > $3 ORDER BY seq DESC LIMIT 20;

-- conversation: page_messages
SELECT id, session_id, role, content, tool_calls::text, tool_call_id, metadata::text, created_at, seq FROM "public"."praison_messages" WHERE session_id = $1 AND seq > $2 ORDER BY seq LIMIT $3;

-- conversation: delete_messages, all
BEGIN ISOLATION LEVEL READ COMMITTED;
DELETE FROM "public"."praison_messages" WHERE session_id = $1;
COMMIT;

-- conversation: delete_messages, two
BEGIN ISOLATION LEVEL READ COMMITTED;
DELETE FROM "public"."praison_messages" WHERE session_id = $1 AND id IN ($2, $3);
COMMIT;

-- state: get
SELECT is_hash, value FROM "public"."praison_state" WHERE state_key = $1 AND (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8);

-- state: get_many
SELECT state_key, is_hash, value FROM "public"."praison_state" WHERE state_key IN ($1, $2) AND (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8);

-- state: set
INSERT INTO "public"."praison_state" (state_key, is_hash, value, expires_at) VALUES ($1, $2, $3, (EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8 + $4)) ON CONFLICT (state_key) DO UPDATE SET is_hash = excluded.is_hash, value = excluded.value, expires_at = excluded.expires_at WHERE "public"."praison_state".is_hash = 0;

-- state: set, over an expired hash
INSERT INTO "public"."praison_state" (state_key, is_hash, value, expires_at) VALUES ($1, $2, $3, (EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8 + $4)) ON CONFLICT (state_key) DO UPDATE SET is_hash = excluded.is_hash, value = excluded.value, expires_at = excluded.expires_at WHERE "public"."praison_state".is_hash = 0;
DELETE FROM "public"."praison_state" WHERE state_key = $1 AND NOT (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8);
INSERT INTO "public"."praison_state" (state_key, is_hash, value, expires_at) VALUES ($1, $2, $3, (EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8 + $4)) ON CONFLICT (state_key) DO UPDATE SET is_hash = excluded.is_hash, value = excluded.value, expires_at = excluded.expires_at WHERE "public"."praison_state".is_hash = 0;

-- state: set_many
BEGIN ISOLATION LEVEL READ COMMITTED;
DELETE FROM "public"."praison_state" WHERE state_key = $1 AND NOT (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8);
INSERT INTO "public"."praison_state" (state_key, is_hash, value, expires_at) VALUES ($1, $2, $3, (EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8 + $4)) ON CONFLICT (state_key) DO UPDATE SET is_hash = excluded.is_hash, value = excluded.value, expires_at = excluded.expires_at WHERE "public"."praison_state".is_hash = 0;
DELETE FROM "public"."praison_state" WHERE state_key = $1 AND NOT (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8);
INSERT INTO "public"."praison_state" (state_key, is_hash, value, expires_at) VALUES ($1, $2, $3, (EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8 + $4)) ON CONFLICT (state_key) DO UPDATE SET is_hash = excluded.is_hash, value = excluded.value, expires_at = excluded.expires_at WHERE "public"."praison_state".is_hash = 0;
COMMIT;

-- state: incr
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT is_hash, value FROM "public"."praison_state" WHERE state_key = $1 AND (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8) FOR NO KEY UPDATE;
UPDATE "public"."praison_state" SET value = $1 WHERE state_key = $2;
COMMIT;

-- state: incr, new
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT is_hash, value FROM "public"."praison_state" WHERE state_key = $1 AND (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8) FOR NO KEY UPDATE;
DELETE FROM "public"."praison_state" WHERE state_key = $1 AND NOT (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8);
INSERT INTO "public"."praison_state" (state_key, is_hash, value, expires_at) VALUES ($1, $2, $3, (EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8 + $4)) ON CONFLICT DO NOTHING;
UPDATE "public"."praison_state" SET value = $1 WHERE state_key = $2;
COMMIT;

-- state: compare_and_set
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT is_hash, value FROM "public"."praison_state" WHERE state_key = $1 AND (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8) FOR NO KEY UPDATE;
UPDATE "public"."praison_state" SET value = $1, expires_at = (EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8 + $2) WHERE state_key = $3;
COMMIT;

-- state: compare_and_set, new
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT is_hash, value FROM "public"."praison_state" WHERE state_key = $1 AND (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8) FOR NO KEY UPDATE;
DELETE FROM "public"."praison_state" WHERE state_key = $1 AND NOT (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8);
INSERT INTO "public"."praison_state" (state_key, is_hash, value, expires_at) VALUES ($1, $2, $3, (EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8 + $4)) ON CONFLICT DO NOTHING;
UPDATE "public"."praison_state" SET value = $1, expires_at = (EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8 + $2) WHERE state_key = $3;
COMMIT;

-- state: compare_and_set, lost
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT is_hash, value FROM "public"."praison_state" WHERE state_key = $1 AND (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8) FOR NO KEY UPDATE;
DELETE FROM "public"."praison_state" WHERE state_key = $1 AND NOT (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8);
INSERT INTO "public"."praison_state" (state_key, is_hash, value, expires_at) VALUES ($1, $2, $3, (EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8 + $4)) ON CONFLICT DO NOTHING;
DELETE FROM "public"."praison_state" WHERE state_key = $1 AND (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8);
COMMIT;

-- state: delete
DELETE FROM "public"."praison_state" WHERE state_key = $1 AND (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8);

-- state: exists
SELECT is_hash, value FROM "public"."praison_state" WHERE state_key = $1 AND (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8);

-- state: ttl
SELECT expires_at - EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8 FROM "public"."praison_state" WHERE state_key = $1 AND (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8);

-- state: expire
UPDATE "public"."praison_state" SET expires_at = (EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8 + $1) WHERE state_key = $2 AND (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8);

-- state: keys
SELECT state_key FROM "public"."praison_state" WHERE state_key > $1 AND state_key >= $2 AND (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8) ORDER BY state_key LIMIT $3;

-- state: page_keys
SELECT state_key FROM "public"."praison_state" WHERE state_key > $1 AND state_key >= $2 AND (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8) ORDER BY state_key LIMIT $3;

-- state: purge_expired
DELETE FROM "public"."praison_state" WHERE expires_at <= EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8;

-- state: hget
SELECT s.is_hash, f.value FROM "public"."praison_state" s LEFT JOIN "public"."praison_state_fields" f ON f.state_key = s.state_key AND f.field = $1 WHERE s.state_key = $2 AND (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8);

-- state: hgetall
SELECT s.is_hash, f.field, f.value FROM "public"."praison_state" s LEFT JOIN "public"."praison_state_fields" f ON f.state_key = s.state_key WHERE s.state_key = $1 AND (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8) ORDER BY f.field;

-- state: hset
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT is_hash, value FROM "public"."praison_state" WHERE state_key = $1 AND (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8) FOR NO KEY UPDATE;
INSERT INTO "public"."praison_state_fields" (state_key, field, value) VALUES ($1, $2, $3) ON CONFLICT (state_key, field) DO UPDATE SET value = excluded.value;
COMMIT;

-- state: hset, new
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT is_hash, value FROM "public"."praison_state" WHERE state_key = $1 AND (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8) FOR NO KEY UPDATE;
DELETE FROM "public"."praison_state" WHERE state_key = $1 AND NOT (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8);
INSERT INTO "public"."praison_state" (state_key, is_hash, value, expires_at) VALUES ($1, $2, $3, (EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8 + $4)) ON CONFLICT DO NOTHING;
INSERT INTO "public"."praison_state_fields" (state_key, field, value) VALUES ($1, $2, $3) ON CONFLICT (state_key, field) DO UPDATE SET value = excluded.value;
COMMIT;

-- state: hdel
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT is_hash, value FROM "public"."praison_state" WHERE state_key = $1 AND (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8) FOR NO KEY UPDATE;
DELETE FROM "public"."praison_state_fields" WHERE state_key = $1 AND field IN ($2, $3);
SELECT COUNT(*) FROM "public"."praison_state_fields" WHERE state_key = $1;
COMMIT;

-- state: hdel, the last field
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT is_hash, value FROM "public"."praison_state" WHERE state_key = $1 AND (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8) FOR NO KEY UPDATE;
DELETE FROM "public"."praison_state_fields" WHERE state_key = $1 AND field IN ($2);
SELECT COUNT(*) FROM "public"."praison_state_fields" WHERE state_key = $1;
DELETE FROM "public"."praison_state" WHERE state_key = $1 AND (expires_at IS NULL OR expires_at > EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())::float8);
COMMIT;

-- conversation: setup
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT pg_advisory_xact_lock(7090271, hashtext($1));
SELECT nspname FROM pg_namespace WHERE nspname = $1;
CREATE SCHEMA "public";
CREATE TABLE "public"."praison_schema_migrations" (component VARCHAR(50) NOT NULL, version INTEGER NOT NULL, name VARCHAR(50) NOT NULL, checksum VARCHAR(50) NOT NULL, applied_at DOUBLE PRECISION NOT NULL, PRIMARY KEY (component, version));
SELECT version, checksum FROM "public"."praison_schema_migrations" WHERE component = $1 ORDER BY version;
CREATE TABLE "public"."praison_sessions" (session_id VARCHAR(255) PRIMARY KEY, user_id VARCHAR(255), agent_id VARCHAR(255), name VARCHAR(255), state JSONB, metadata JSONB, created_at DOUBLE PRECISION, updated_at DOUBLE PRECISION);
CREATE TABLE "public"."praison_messages" (id VARCHAR(255) PRIMARY KEY, session_id VARCHAR(255) NOT NULL REFERENCES "public"."praison_sessions" (session_id) ON DELETE CASCADE, role VARCHAR(50), content TEXT, tool_calls JSONB, tool_call_id VARCHAR(255), metadata JSONB, created_at DOUBLE PRECISION);
CREATE INDEX IF NOT EXISTS "idx_praison_sessions_user" ON "public"."praison_sessions" (user_id);
CREATE INDEX IF NOT EXISTS "idx_praison_sessions_agent" ON "public"."praison_sessions" (agent_id);
CREATE INDEX IF NOT EXISTS "idx_praison_sessions_updated" ON "public"."praison_sessions" (updated_at DESC);
INSERT INTO "public"."praison_schema_migrations" (component, version, name, checksum, applied_at) VALUES ($1,$2,$3,$4,$5);
INSERT INTO "public"."praison_sessions" (session_id, created_at, updated_at) SELECT COALESCE(session_id, id), MIN(created_at), MAX(created_at) FROM "public"."praison_messages" m WHERE NOT EXISTS (SELECT 1 FROM "public"."praison_sessions" s WHERE s.session_id = COALESCE(m.session_id, m.id)) GROUP BY COALESCE(session_id, id);
UPDATE "public"."praison_messages" SET session_id = id WHERE session_id IS NULL;
DROP INDEX IF EXISTS "public"."idx_praison_messages_session";
DROP INDEX IF EXISTS "public"."idx_praison_messages_created";
ALTER TABLE "public"."praison_messages" ADD COLUMN seq BIGINT;
UPDATE "public"."praison_messages" AS m SET seq = o.seq FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY created_at, ctid) AS seq FROM "public"."praison_messages") AS o WHERE m.id = o.id;
ALTER TABLE "public"."praison_messages" ALTER COLUMN seq SET NOT NULL, ALTER COLUMN seq ADD GENERATED BY DEFAULT AS IDENTITY;
SELECT setval(pg_get_serial_sequence('"public"."praison_messages"', 'seq'), COALESCE(MAX(seq), 0) + 1, FALSE) FROM "public"."praison_messages";
ALTER TABLE "public"."praison_messages" ALTER COLUMN role DROP NOT NULL, ALTER COLUMN created_at DROP DEFAULT, DROP CONSTRAINT IF EXISTS "praison_messages_pkey", DROP CONSTRAINT IF EXISTS "praisonai_messages_pkey", DROP CONSTRAINT IF EXISTS "praison_messages_session_id_fkey", DROP CONSTRAINT IF EXISTS "praisonai_messages_session_id_fkey";
ALTER TABLE "public"."praison_messages" ADD PRIMARY KEY (session_id, id), ADD FOREIGN KEY (session_id) REFERENCES "public"."praison_sessions" (session_id) ON DELETE CASCADE;
CREATE UNIQUE INDEX "idx_praison_messages_order" ON "public"."praison_messages" (session_id, seq);
INSERT INTO "public"."praison_schema_migrations" (component, version, name, checksum, applied_at) VALUES ($1,$2,$3,$4,$5);
COMMIT;

-- conversation: pending
SELECT attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = $1 AND relname = $2 AND attnum > 0 AND NOT attisdropped;
SELECT version, checksum FROM "public"."praison_schema_migrations" WHERE component = $1 ORDER BY version;

-- conversation: check
SELECT attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = $1 AND relname = $2 AND attnum > 0 AND NOT attisdropped;
SELECT version, checksum FROM "public"."praison_schema_migrations" WHERE component = $1 ORDER BY version;

-- conversation: inspect
SELECT version();
SELECT attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = $1 AND relname = $2 AND attnum > 0 AND NOT attisdropped;
SELECT version, checksum FROM "public"."praison_schema_migrations" WHERE component = $1 ORDER BY version;

-- state: setup
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT pg_advisory_xact_lock(7090271, hashtext($1));
SELECT nspname FROM pg_namespace WHERE nspname = $1;
CREATE SCHEMA "public";
CREATE TABLE "public"."praison_schema_migrations" (component VARCHAR(50) NOT NULL, version INTEGER NOT NULL, name VARCHAR(50) NOT NULL, checksum VARCHAR(50) NOT NULL, applied_at DOUBLE PRECISION NOT NULL, PRIMARY KEY (component, version));
SELECT version, checksum FROM "public"."praison_schema_migrations" WHERE component = $1 ORDER BY version;
CREATE TABLE "public"."praison_state" (state_key TEXT COLLATE "C" PRIMARY KEY NOT NULL, is_hash INTEGER NOT NULL, value TEXT, expires_at DOUBLE PRECISION);
CREATE TABLE "public"."praison_state_fields" (state_key TEXT COLLATE "C" NOT NULL REFERENCES "public"."praison_state" (state_key) ON DELETE CASCADE, field TEXT COLLATE "C" NOT NULL, value TEXT NOT NULL, PRIMARY KEY (state_key, field));
CREATE INDEX "idx_praison_state_expires" ON "public"."praison_state" (expires_at);
INSERT INTO "public"."praison_schema_migrations" (component, version, name, checksum, applied_at) VALUES ($1,$2,$3,$4,$5);
COMMIT;

-- state: pending
SELECT attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = $1 AND relname = $2 AND attnum > 0 AND NOT attisdropped;
SELECT version, checksum FROM "public"."praison_schema_migrations" WHERE component = $1 ORDER BY version;

-- state: check
SELECT attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = $1 AND relname = $2 AND attnum > 0 AND NOT attisdropped;
SELECT version, checksum FROM "public"."praison_schema_migrations" WHERE component = $1 ORDER BY version;

-- state: inspect
SELECT version();
SELECT attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = $1 AND relname = $2 AND attnum > 0 AND NOT attisdropped;
SELECT version, checksum FROM "public"."praison_schema_migrations" WHERE component = $1 ORDER BY version;

-- conversation: setup, from PraisonAI's older layout
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT pg_advisory_xact_lock(7090271, hashtext($1));
SELECT nspname FROM pg_namespace WHERE nspname = $1;
CREATE SCHEMA "public";
CREATE TABLE "public"."praison_schema_migrations" (component VARCHAR(50) NOT NULL, version INTEGER NOT NULL, name VARCHAR(50) NOT NULL, checksum VARCHAR(50) NOT NULL, applied_at DOUBLE PRECISION NOT NULL, PRIMARY KEY (component, version));
SELECT version, checksum FROM "public"."praison_schema_migrations" WHERE component = $1 ORDER BY version;
DROP INDEX IF EXISTS "public"."idx_praisonai_sessions_user";
DROP INDEX IF EXISTS "public"."idx_praisonai_sessions_agent";
DROP INDEX IF EXISTS "public"."idx_praisonai_sessions_updated";
ALTER TABLE "public"."praisonai_sessions" RENAME TO "praison_sessions";
DROP INDEX IF EXISTS "public"."idx_praisonai_messages_session";
DROP INDEX IF EXISTS "public"."idx_praisonai_messages_created";
ALTER TABLE "public"."praisonai_messages" RENAME TO "praison_messages";
ALTER TABLE "public"."praison_sessions" ADD COLUMN state JSONB;
ALTER TABLE "public"."praison_messages" ADD COLUMN tool_calls JSONB;
ALTER TABLE "public"."praison_messages" ADD COLUMN tool_call_id VARCHAR(255);
CREATE INDEX IF NOT EXISTS "idx_praison_sessions_user" ON "public"."praison_sessions" (user_id);
CREATE INDEX IF NOT EXISTS "idx_praison_sessions_agent" ON "public"."praison_sessions" (agent_id);
CREATE INDEX IF NOT EXISTS "idx_praison_sessions_updated" ON "public"."praison_sessions" (updated_at DESC);
INSERT INTO "public"."praison_schema_migrations" (component, version, name, checksum, applied_at) VALUES ($1,$2,$3,$4,$5);
INSERT INTO "public"."praison_sessions" (session_id, created_at, updated_at) SELECT COALESCE(session_id, id), MIN(created_at), MAX(created_at) FROM "public"."praison_messages" m WHERE NOT EXISTS (SELECT 1 FROM "public"."praison_sessions" s WHERE s.session_id = COALESCE(m.session_id, m.id)) GROUP BY COALESCE(session_id, id);
UPDATE "public"."praison_messages" SET session_id = id WHERE session_id IS NULL;
DROP INDEX IF EXISTS "public"."idx_praison_messages_session";
DROP INDEX IF EXISTS "public"."idx_praison_messages_created";
ALTER TABLE "public"."praison_messages" ADD COLUMN seq BIGINT;
UPDATE "public"."praison_messages" AS m SET seq = o.seq FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY created_at, ctid) AS seq FROM "public"."praison_messages") AS o WHERE m.id = o.id;
ALTER TABLE "public"."praison_messages" ALTER COLUMN seq SET NOT NULL, ALTER COLUMN seq ADD GENERATED BY DEFAULT AS IDENTITY;
SELECT setval(pg_get_serial_sequence('"public"."praison_messages"', 'seq'), COALESCE(MAX(seq), 0) + 1, FALSE) FROM "public"."praison_messages";
ALTER TABLE "public"."praison_messages" ALTER COLUMN role DROP NOT NULL, ALTER COLUMN created_at DROP DEFAULT, DROP CONSTRAINT IF EXISTS "praison_messages_pkey", DROP CONSTRAINT IF EXISTS "praisonai_messages_pkey", DROP CONSTRAINT IF EXISTS "praison_messages_session_id_fkey", DROP CONSTRAINT IF EXISTS "praisonai_messages_session_id_fkey";
ALTER TABLE "public"."praison_messages" ADD PRIMARY KEY (session_id, id), ADD FOREIGN KEY (session_id) REFERENCES "public"."praison_sessions" (session_id) ON DELETE CASCADE;
CREATE UNIQUE INDEX "idx_praison_messages_order" ON "public"."praison_messages" (session_id, seq);
INSERT INTO "public"."praison_schema_migrations" (component, version, name, checksum, applied_at) VALUES ($1,$2,$3,$4,$5);
COMMIT;
