-- conversation: create_session
BEGIN;
INSERT IGNORE INTO `praison_sessions` (session_id, user_id, agent_id, name, state, metadata, created_at, updated_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s);
COMMIT;

-- conversation: get_session
SELECT session_id, user_id, agent_id, name, state, metadata, created_at, updated_at FROM `praison_sessions` WHERE session_id = %s;

-- conversation: update_session
UPDATE `praison_sessions` SET user_id = %s, agent_id = %s, name = %s, state = %s, metadata = %s, created_at = %s, updated_at = %s WHERE session_id = %s;

-- conversation: change_session
BEGIN;
SELECT session_id, user_id, agent_id, name, state, metadata, created_at, updated_at FROM `praison_sessions` WHERE session_id = %s FOR UPDATE;
UPDATE `praison_sessions` SET user_id = %s, agent_id = %s, name = %s, state = %s, metadata = %s, created_at = %s, updated_at = %s WHERE session_id = %s;
COMMIT;

-- conversation: upsert_session
INSERT INTO `praison_sessions` (session_id, user_id, agent_id, name, state, metadata, created_at, updated_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON DUPLICATE KEY UPDATE user_id = VALUES(user_id), agent_id = VALUES(agent_id), name = VALUES(name), state = VALUES(state), metadata = VALUES(metadata), created_at = VALUES(created_at), updated_at = VALUES(updated_at);

-- conversation: delete_session
BEGIN;
DELETE FROM `praison_sessions` WHERE session_id = %s;
DELETE FROM `praison_messages` WHERE session_id = %s;
COMMIT;

-- conversation: list_sessions, all
SELECT session_id, user_id, agent_id, name, state, metadata, created_at, updated_at FROM `praison_sessions` ORDER BY updated_at DESC, session_id LIMIT %s OFFSET %s;

-- conversation: list_sessions, of a user and an agent
SELECT session_id, user_id, agent_id, name, state, metadata, created_at, updated_at FROM `praison_sessions` WHERE user_id = %s AND agent_id = %s ORDER BY updated_at DESC, session_id LIMIT %s OFFSET %s;

-- conversation: add_message
INSERT IGNORE INTO `praison_messages` (id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at) SELECT %s, %s, %s, %s, %s, %s, %s, %s FROM `praison_sessions` WHERE session_id = %s FOR UPDATE;

-- conversation: add_message, stored already
INSERT IGNORE INTO `praison_messages` (id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at) SELECT %s, %s, %s, %s, %s, %s, %s, %s FROM `praison_sessions` WHERE session_id = %s FOR UPDATE;
SELECT session_id, user_id, agent_id, name, state, metadata, created_at, updated_at FROM `praison_sessions` WHERE session_id = %s;
SELECT id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at FROM `praison_messages` WHERE session_id = %s AND id IN (%s);

-- conversation: add_messages
BEGIN;
SELECT session_id FROM `praison_sessions` WHERE session_id = %s FOR UPDATE;
INSERT IGNORE INTO `praison_messages` (id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s), (%s, %s, %s, %s, %s, %s, %s, %s);
COMMIT;

-- conversation: add_messages, one stored already
BEGIN;
SELECT session_id FROM `praison_sessions` WHERE session_id = %s FOR UPDATE;
INSERT IGNORE INTO `praison_messages` (id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s);
SELECT id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at FROM `praison_messages` WHERE session_id = %s AND id IN (%s);
COMMIT;

-- conversation: get_messages, all
SELECT id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at FROM `praison_messages` WHERE session_id = %s ORDER BY seq;

-- conversation: get_messages, the newest between two times
SELECT id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at FROM `praison_messages` WHERE session_id = %s AND created_at < %s AND created_at > %s ORDER BY seq DESC LIMIT 20;

-- conversation: page_messages
SELECT id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at, seq FROM `praison_messages` WHERE session_id = %s AND seq > %s ORDER BY seq LIMIT %s;

-- conversation: delete_messages, all
BEGIN;
DELETE FROM `praison_messages` WHERE session_id = %s;
COMMIT;

-- conversation: delete_messages, two
BEGIN;
DELETE FROM `praison_messages` WHERE session_id = %s AND id IN (%s, %s);
COMMIT;

-- conversation: setup
BEGIN;
CREATE TABLE `praison_schema_migrations` (component VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, version INTEGER NOT NULL, name VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, checksum VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, applied_at DOUBLE NOT NULL, PRIMARY KEY (component, version));
SELECT version, checksum FROM `praison_schema_migrations` WHERE component = %s ORDER BY version;
CREATE TABLE `praison_sessions` (session_id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, user_id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, agent_id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, name VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, state LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, metadata LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, created_at DOUBLE, updated_at DOUBLE, SHARD KEY (session_id), SORT KEY (updated_at DESC), PRIMARY KEY (session_id) USING HASH, KEY `idx_praison_sessions_user` (user_id) USING HASH, KEY `idx_praison_sessions_agent` (agent_id) USING HASH);
CREATE TABLE `praison_messages` (session_id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, seq BIGINT NOT NULL AUTO_INCREMENT, id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, role VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, content LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, tool_calls LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, tool_call_id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, metadata LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, created_at DOUBLE, SHARD KEY (session_id), SORT KEY (session_id, seq), UNIQUE KEY `praison_messages_pkey` (session_id, id) USING HASH, KEY `idx_praison_messages_order` (seq) USING HASH);
INSERT INTO `praison_schema_migrations` (component, version, name, checksum, applied_at) VALUES (%s,%s,%s,%s,%s);
INSERT INTO `praison_schema_migrations` (component, version, name, checksum, applied_at) VALUES (%s,%s,%s,%s,%s);
COMMIT;

-- conversation: pending
SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = %s;
SELECT version, checksum FROM `praison_schema_migrations` WHERE component = %s ORDER BY version;

-- conversation: check
SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = %s;
SELECT version, checksum FROM `praison_schema_migrations` WHERE component = %s ORDER BY version;

-- conversation: inspect
SELECT CONCAT('SingleStore ', @@memsql_version);
SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = %s;
SELECT version, checksum FROM `praison_schema_migrations` WHERE component = %s ORDER BY version;
