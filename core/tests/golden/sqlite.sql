-- conversation: create_session
BEGIN IMMEDIATE;
INSERT INTO "praison_sessions" (session_id, user_id, agent_id, name, state, metadata, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING;
COMMIT;

-- conversation: get_session
SELECT session_id, user_id, agent_id, name, state, metadata, created_at, updated_at FROM "praison_sessions" WHERE session_id = ?;

-- conversation: update_session
UPDATE "praison_sessions" SET user_id = ?, agent_id = ?, name = ?, state = ?, metadata = ?, created_at = ?, updated_at = ? WHERE session_id = ?;

-- conversation: change_session
BEGIN IMMEDIATE;
SELECT session_id, user_id, agent_id, name, state, metadata, created_at, updated_at FROM "praison_sessions" WHERE session_id = ?;
UPDATE "praison_sessions" SET user_id = ?, agent_id = ?, name = ?, state = ?, metadata = ?, created_at = ?, updated_at = ? WHERE session_id = ?;
COMMIT;

-- conversation: upsert_session
INSERT INTO "praison_sessions" (session_id, user_id, agent_id, name, state, metadata, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (session_id) DO UPDATE SET user_id = excluded.user_id, agent_id = excluded.agent_id, name = excluded.name, state = excluded.state, metadata = excluded.metadata, created_at = excluded.created_at, updated_at = excluded.updated_at;

-- conversation: delete_session
BEGIN IMMEDIATE;
DELETE FROM "praison_sessions" WHERE session_id = ?;
DELETE FROM "praison_messages" WHERE session_id = ?;
COMMIT;

-- conversation: list_sessions, all
SELECT session_id, user_id, agent_id, name, state, metadata, created_at, updated_at FROM "praison_sessions" ORDER BY updated_at DESC, session_id LIMIT ? OFFSET ?;

-- conversation: list_sessions, of a user and an agent
SELECT session_id, user_id, agent_id, name, state, metadata, created_at, updated_at FROM "praison_sessions" WHERE user_id = ? AND agent_id = ? ORDER BY updated_at DESC, session_id LIMIT ? OFFSET ?;

-- conversation: add_message
INSERT INTO "praison_messages" (id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at) SELECT ?, ?, ?, ?, ?, ?, ?, ? FROM "praison_sessions" WHERE session_id = ? ON CONFLICT DO NOTHING;

-- conversation: add_message, stored already
INSERT INTO "praison_messages" (id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at) SELECT ?, ?, ?, ?, ?, ?, ?, ? FROM "praison_sessions" WHERE session_id = ? ON CONFLICT DO NOTHING;
SELECT session_id, user_id, agent_id, name, state, metadata, created_at, updated_at FROM "praison_sessions" WHERE session_id = ?;
SELECT id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at FROM "praison_messages" WHERE session_id = ? AND id IN (?);

-- conversation: add_messages
BEGIN IMMEDIATE;
SELECT session_id FROM "praison_sessions" WHERE session_id = ?;
INSERT INTO "praison_messages" (id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING;
COMMIT;

-- conversation: add_messages, one stored already
BEGIN IMMEDIATE;
SELECT session_id FROM "praison_sessions" WHERE session_id = ?;
INSERT INTO "praison_messages" (id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING;
SELECT id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at FROM "praison_messages" WHERE session_id = ? AND id IN (?);
COMMIT;

-- conversation: get_messages, all
SELECT id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at FROM "praison_messages" WHERE session_id = ? ORDER BY seq;

-- conversation: get_messages, the newest between two times
SELECT id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at FROM "praison_messages" WHERE session_id = ? AND created_at < ? AND created_at > ? ORDER BY seq DESC LIMIT 20;

-- conversation: page_messages
SELECT id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at, seq FROM "praison_messages" WHERE session_id = ? AND seq > ? ORDER BY seq LIMIT ?;

-- conversation: delete_messages, all
BEGIN IMMEDIATE;
DELETE FROM "praison_messages" WHERE session_id = ?;
COMMIT;

-- conversation: delete_messages, two
BEGIN IMMEDIATE;
DELETE FROM "praison_messages" WHERE session_id = ? AND id IN (?, ?);
COMMIT;

-- state: get
SELECT is_hash, value FROM "praison_state" WHERE state_key = ? AND (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0));

-- state: get_many
SELECT state_key, is_hash, value FROM "praison_state" WHERE state_key IN (?, ?) AND (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0));

-- state: set
INSERT INTO "praison_state" (state_key, is_hash, value, expires_at) VALUES (?, ?, ?, (((julianday('now') - 2440587.5) * 86400.0) + ?)) ON CONFLICT (state_key) DO UPDATE SET is_hash = excluded.is_hash, value = excluded.value, expires_at = excluded.expires_at WHERE "praison_state".is_hash = 0;

-- state: set, over an expired hash
INSERT INTO "praison_state" (state_key, is_hash, value, expires_at) VALUES (?, ?, ?, (((julianday('now') - 2440587.5) * 86400.0) + ?)) ON CONFLICT (state_key) DO UPDATE SET is_hash = excluded.is_hash, value = excluded.value, expires_at = excluded.expires_at WHERE "praison_state".is_hash = 0;
DELETE FROM "praison_state" WHERE state_key = ? AND NOT (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0));
INSERT INTO "praison_state" (state_key, is_hash, value, expires_at) VALUES (?, ?, ?, (((julianday('now') - 2440587.5) * 86400.0) + ?)) ON CONFLICT (state_key) DO UPDATE SET is_hash = excluded.is_hash, value = excluded.value, expires_at = excluded.expires_at WHERE "praison_state".is_hash = 0;

-- state: set_many
BEGIN IMMEDIATE;
DELETE FROM "praison_state" WHERE state_key = ? AND NOT (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0));
INSERT INTO "praison_state" (state_key, is_hash, value, expires_at) VALUES (?, ?, ?, (((julianday('now') - 2440587.5) * 86400.0) + ?)) ON CONFLICT (state_key) DO UPDATE SET is_hash = excluded.is_hash, value = excluded.value, expires_at = excluded.expires_at WHERE "praison_state".is_hash = 0;
DELETE FROM "praison_state" WHERE state_key = ? AND NOT (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0));
INSERT INTO "praison_state" (state_key, is_hash, value, expires_at) VALUES (?, ?, ?, (((julianday('now') - 2440587.5) * 86400.0) + ?)) ON CONFLICT (state_key) DO UPDATE SET is_hash = excluded.is_hash, value = excluded.value, expires_at = excluded.expires_at WHERE "praison_state".is_hash = 0;
COMMIT;

-- state: incr
BEGIN IMMEDIATE;
SELECT is_hash, value FROM "praison_state" WHERE state_key = ? AND (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0));
UPDATE "praison_state" SET value = ? WHERE state_key = ?;
COMMIT;

-- state: incr, new
BEGIN IMMEDIATE;
SELECT is_hash, value FROM "praison_state" WHERE state_key = ? AND (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0));
DELETE FROM "praison_state" WHERE state_key = ? AND NOT (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0));
INSERT INTO "praison_state" (state_key, is_hash, value, expires_at) VALUES (?, ?, ?, (((julianday('now') - 2440587.5) * 86400.0) + ?)) ON CONFLICT DO NOTHING;
UPDATE "praison_state" SET value = ? WHERE state_key = ?;
COMMIT;

-- state: compare_and_set
BEGIN IMMEDIATE;
SELECT is_hash, value FROM "praison_state" WHERE state_key = ? AND (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0));
UPDATE "praison_state" SET value = ?, expires_at = (((julianday('now') - 2440587.5) * 86400.0) + ?) WHERE state_key = ?;
COMMIT;

-- state: compare_and_set, new
BEGIN IMMEDIATE;
SELECT is_hash, value FROM "praison_state" WHERE state_key = ? AND (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0));
DELETE FROM "praison_state" WHERE state_key = ? AND NOT (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0));
INSERT INTO "praison_state" (state_key, is_hash, value, expires_at) VALUES (?, ?, ?, (((julianday('now') - 2440587.5) * 86400.0) + ?)) ON CONFLICT DO NOTHING;
UPDATE "praison_state" SET value = ?, expires_at = (((julianday('now') - 2440587.5) * 86400.0) + ?) WHERE state_key = ?;
COMMIT;

-- state: compare_and_set, lost
BEGIN IMMEDIATE;
SELECT is_hash, value FROM "praison_state" WHERE state_key = ? AND (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0));
DELETE FROM "praison_state" WHERE state_key = ? AND NOT (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0));
INSERT INTO "praison_state" (state_key, is_hash, value, expires_at) VALUES (?, ?, ?, (((julianday('now') - 2440587.5) * 86400.0) + ?)) ON CONFLICT DO NOTHING;
DELETE FROM "praison_state" WHERE state_key = ? AND (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0));
COMMIT;

-- state: delete
DELETE FROM "praison_state" WHERE state_key = ? AND (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0));

-- state: exists
SELECT is_hash, value FROM "praison_state" WHERE state_key = ? AND (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0));

-- state: ttl
SELECT expires_at - ((julianday('now') - 2440587.5) * 86400.0) FROM "praison_state" WHERE state_key = ? AND (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0));

-- state: expire
UPDATE "praison_state" SET expires_at = (((julianday('now') - 2440587.5) * 86400.0) + ?) WHERE state_key = ? AND (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0));

-- state: keys
SELECT state_key FROM "praison_state" WHERE state_key > ? AND state_key >= ? AND (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0)) ORDER BY state_key LIMIT ?;

-- state: page_keys
SELECT state_key FROM "praison_state" WHERE state_key > ? AND state_key >= ? AND (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0)) ORDER BY state_key LIMIT ?;

-- state: purge_expired
DELETE FROM "praison_state" WHERE expires_at <= ((julianday('now') - 2440587.5) * 86400.0);

-- state: hget
SELECT s.is_hash, f.value FROM "praison_state" s LEFT JOIN "praison_state_fields" f ON f.state_key = s.state_key AND f.field = ? WHERE s.state_key = ? AND (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0));

-- state: hgetall
SELECT s.is_hash, f.field, f.value FROM "praison_state" s LEFT JOIN "praison_state_fields" f ON f.state_key = s.state_key WHERE s.state_key = ? AND (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0)) ORDER BY f.field;

-- state: hset
BEGIN IMMEDIATE;
SELECT is_hash, value FROM "praison_state" WHERE state_key = ? AND (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0));
INSERT INTO "praison_state_fields" (state_key, field, value) VALUES (?, ?, ?) ON CONFLICT (state_key, field) DO UPDATE SET value = excluded.value;
COMMIT;

-- state: hset, new
BEGIN IMMEDIATE;
SELECT is_hash, value FROM "praison_state" WHERE state_key = ? AND (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0));
DELETE FROM "praison_state" WHERE state_key = ? AND NOT (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0));
INSERT INTO "praison_state" (state_key, is_hash, value, expires_at) VALUES (?, ?, ?, (((julianday('now') - 2440587.5) * 86400.0) + ?)) ON CONFLICT DO NOTHING;
INSERT INTO "praison_state_fields" (state_key, field, value) VALUES (?, ?, ?) ON CONFLICT (state_key, field) DO UPDATE SET value = excluded.value;
COMMIT;

-- state: hdel
BEGIN IMMEDIATE;
SELECT is_hash, value FROM "praison_state" WHERE state_key = ? AND (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0));
DELETE FROM "praison_state_fields" WHERE state_key = ? AND field IN (?, ?);
SELECT COUNT(*) FROM "praison_state_fields" WHERE state_key = ?;
COMMIT;

-- state: hdel, the last field
BEGIN IMMEDIATE;
SELECT is_hash, value FROM "praison_state" WHERE state_key = ? AND (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0));
DELETE FROM "praison_state_fields" WHERE state_key = ? AND field IN (?);
SELECT COUNT(*) FROM "praison_state_fields" WHERE state_key = ?;
DELETE FROM "praison_state" WHERE state_key = ? AND (expires_at IS NULL OR expires_at > ((julianday('now') - 2440587.5) * 86400.0));
COMMIT;

-- conversation: setup
BEGIN IMMEDIATE;
CREATE TABLE "praison_schema_migrations" (component TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at REAL NOT NULL, PRIMARY KEY (component, version));
SELECT version, checksum FROM "praison_schema_migrations" WHERE component = ? ORDER BY version;
CREATE TABLE "praison_sessions" (session_id TEXT PRIMARY KEY, user_id TEXT, agent_id TEXT, name TEXT, state TEXT, metadata TEXT, created_at REAL, updated_at REAL);
CREATE TABLE "praison_messages" (id TEXT PRIMARY KEY, session_id TEXT NOT NULL REFERENCES "praison_sessions" (session_id) ON DELETE CASCADE, role TEXT, content TEXT, tool_calls TEXT, tool_call_id TEXT, metadata TEXT, created_at REAL);
CREATE INDEX IF NOT EXISTS "idx_praison_sessions_user" ON "praison_sessions" (user_id);
CREATE INDEX IF NOT EXISTS "idx_praison_sessions_agent" ON "praison_sessions" (agent_id);
CREATE INDEX IF NOT EXISTS "idx_praison_sessions_updated" ON "praison_sessions" (updated_at DESC);
INSERT INTO "praison_schema_migrations" (component, version, name, checksum, applied_at) VALUES (?,?,?,?,?);
INSERT INTO "praison_sessions" (session_id, created_at, updated_at) SELECT COALESCE(session_id, id), MIN(created_at), MAX(created_at) FROM "praison_messages" m WHERE NOT EXISTS (SELECT 1 FROM "praison_sessions" s WHERE s.session_id = COALESCE(m.session_id, m.id)) GROUP BY COALESCE(session_id, id);
UPDATE "praison_messages" SET session_id = id WHERE session_id IS NULL;
DROP INDEX IF EXISTS "idx_praison_messages_session";
DROP INDEX IF EXISTS "idx_praison_messages_created";
CREATE TABLE "praison_messages_new" (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, session_id TEXT NOT NULL REFERENCES "praison_sessions" (session_id) ON DELETE CASCADE, role TEXT, content TEXT, tool_calls TEXT, tool_call_id TEXT, metadata TEXT, created_at REAL, UNIQUE (session_id, id));
INSERT INTO "praison_messages_new" (id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at) SELECT id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at FROM "praison_messages" ORDER BY created_at, rowid;
DROP TABLE "praison_messages";
ALTER TABLE "praison_messages_new" RENAME TO "praison_messages";
CREATE INDEX "idx_praison_messages_order" ON "praison_messages" (session_id);
INSERT INTO "praison_schema_migrations" (component, version, name, checksum, applied_at) VALUES (?,?,?,?,?);
COMMIT;

-- conversation: pending
SELECT name FROM pragma_table_info(?);
SELECT version, checksum FROM "praison_schema_migrations" WHERE component = ? ORDER BY version;

-- conversation: check
SELECT name FROM pragma_table_info(?);
SELECT version, checksum FROM "praison_schema_migrations" WHERE component = ? ORDER BY version;

-- conversation: inspect
SELECT 'SQLite ' || sqlite_version();
SELECT name FROM pragma_table_info(?);
SELECT version, checksum FROM "praison_schema_migrations" WHERE component = ? ORDER BY version;

-- state: setup
BEGIN IMMEDIATE;
CREATE TABLE "praison_schema_migrations" (component TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at REAL NOT NULL, PRIMARY KEY (component, version));
SELECT version, checksum FROM "praison_schema_migrations" WHERE component = ? ORDER BY version;
CREATE TABLE "praison_state" (state_key TEXT PRIMARY KEY NOT NULL, is_hash INTEGER NOT NULL, value TEXT, expires_at REAL);
CREATE TABLE "praison_state_fields" (state_key TEXT NOT NULL REFERENCES "praison_state" (state_key) ON DELETE CASCADE, field TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (state_key, field));
CREATE INDEX "idx_praison_state_expires" ON "praison_state" (expires_at);
INSERT INTO "praison_schema_migrations" (component, version, name, checksum, applied_at) VALUES (?,?,?,?,?);
COMMIT;

-- state: pending
SELECT name FROM pragma_table_info(?);
SELECT version, checksum FROM "praison_schema_migrations" WHERE component = ? ORDER BY version;

-- state: check
SELECT name FROM pragma_table_info(?);
SELECT version, checksum FROM "praison_schema_migrations" WHERE component = ? ORDER BY version;

-- state: inspect
SELECT 'SQLite ' || sqlite_version();
SELECT name FROM pragma_table_info(?);
SELECT version, checksum FROM "praison_schema_migrations" WHERE component = ? ORDER BY version;

-- conversation: setup, from PraisonAI's older layout
BEGIN IMMEDIATE;
CREATE TABLE "praison_schema_migrations" (component TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at REAL NOT NULL, PRIMARY KEY (component, version));
SELECT version, checksum FROM "praison_schema_migrations" WHERE component = ? ORDER BY version;
DROP INDEX IF EXISTS "idx_praisonai_sessions_user";
DROP INDEX IF EXISTS "idx_praisonai_sessions_agent";
DROP INDEX IF EXISTS "idx_praisonai_sessions_updated";
ALTER TABLE "praisonai_sessions" RENAME TO "praison_sessions";
DROP INDEX IF EXISTS "idx_praisonai_messages_session";
DROP INDEX IF EXISTS "idx_praisonai_messages_created";
ALTER TABLE "praisonai_messages" RENAME TO "praison_messages";
ALTER TABLE "praison_sessions" ADD COLUMN state TEXT;
ALTER TABLE "praison_messages" ADD COLUMN tool_calls TEXT;
ALTER TABLE "praison_messages" ADD COLUMN tool_call_id TEXT;
CREATE INDEX IF NOT EXISTS "idx_praison_sessions_user" ON "praison_sessions" (user_id);
CREATE INDEX IF NOT EXISTS "idx_praison_sessions_agent" ON "praison_sessions" (agent_id);
CREATE INDEX IF NOT EXISTS "idx_praison_sessions_updated" ON "praison_sessions" (updated_at DESC);
INSERT INTO "praison_schema_migrations" (component, version, name, checksum, applied_at) VALUES (?,?,?,?,?);
INSERT INTO "praison_sessions" (session_id, created_at, updated_at) SELECT COALESCE(session_id, id), MIN(created_at), MAX(created_at) FROM "praison_messages" m WHERE NOT EXISTS (SELECT 1 FROM "praison_sessions" s WHERE s.session_id = COALESCE(m.session_id, m.id)) GROUP BY COALESCE(session_id, id);
UPDATE "praison_messages" SET session_id = id WHERE session_id IS NULL;
DROP INDEX IF EXISTS "idx_praison_messages_session";
DROP INDEX IF EXISTS "idx_praison_messages_created";
CREATE TABLE "praison_messages_new" (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, session_id TEXT NOT NULL REFERENCES "praison_sessions" (session_id) ON DELETE CASCADE, role TEXT, content TEXT, tool_calls TEXT, tool_call_id TEXT, metadata TEXT, created_at REAL, UNIQUE (session_id, id));
INSERT INTO "praison_messages_new" (id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at) SELECT id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at FROM "praison_messages" ORDER BY created_at, rowid;
DROP TABLE "praison_messages";
ALTER TABLE "praison_messages_new" RENAME TO "praison_messages";
CREATE INDEX "idx_praison_messages_order" ON "praison_messages" (session_id);
INSERT INTO "praison_schema_migrations" (component, version, name, checksum, applied_at) VALUES (?,?,?,?,?);
COMMIT;
