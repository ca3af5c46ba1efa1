-- conversation: create_session
BEGIN;
INSERT INTO `praison_sessions` (session_id, user_id, agent_id, name, state, metadata, created_at, updated_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON DUPLICATE KEY UPDATE session_id = VALUES(session_id);
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
SELECT session_id, user_id, agent_id, name, state, metadata, created_at, updated_at FROM `praison_sessions` FORCE INDEX FOR ORDER BY (`idx_praison_sessions_updated`) ORDER BY updated_at DESC, session_id LIMIT %s OFFSET %s;

-- conversation: list_sessions, of a user and an agent
SELECT session_id, user_id, agent_id, name, state, metadata, created_at, updated_at FROM `praison_sessions` WHERE user_id = %s AND agent_id = %s ORDER BY updated_at DESC, session_id LIMIT %s OFFSET %s;

-- conversation: add_message
INSERT INTO `praison_messages` (id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at) SELECT %s, %s, %s, %s, %s, %s, %s, %s FROM `praison_sessions` WHERE session_id = %s FOR UPDATE ON DUPLICATE KEY UPDATE session_id = VALUES(session_id);

-- conversation: add_message, stored already
INSERT INTO `praison_messages` (id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at) SELECT %s, %s, %s, %s, %s, %s, %s, %s FROM `praison_sessions` WHERE session_id = %s FOR UPDATE ON DUPLICATE KEY UPDATE session_id = VALUES(session_id);
SELECT session_id, user_id, agent_id, name, state, metadata, created_at, updated_at FROM `praison_sessions` WHERE session_id = %s;
SELECT id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at FROM `praison_messages` WHERE session_id = %s AND id IN (%s);

-- conversation: add_messages
BEGIN;
SELECT session_id FROM `praison_sessions` WHERE session_id = %s FOR UPDATE;
INSERT INTO `praison_messages` (id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s), (%s, %s, %s, %s, %s, %s, %s, %s) ON DUPLICATE KEY UPDATE session_id = VALUES(session_id);
COMMIT;

-- conversation: add_messages, one stored already
BEGIN;
SELECT session_id FROM `praison_sessions` WHERE session_id = %s FOR UPDATE;
INSERT INTO `praison_messages` (id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON DUPLICATE KEY UPDATE session_id = VALUES(session_id);
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
SELECT GET_LOCK(CONCAT('praison ', SHA2(CONCAT(DATABASE(), '/', %s), 224)), 60);
CREATE TABLE `praison_schema_migrations` (component VARCHAR(50) NOT NULL, version INTEGER NOT NULL, name VARCHAR(50) NOT NULL, checksum VARCHAR(50) NOT NULL, applied_at DOUBLE NOT NULL, PRIMARY KEY (component, version)) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 /*M!100200 COLLATE utf8mb4_nopad_bin */ /*!80017 COLLATE utf8mb4_0900_bin */;
SELECT version, checksum FROM `praison_schema_migrations` WHERE component = %s ORDER BY version;
CREATE TABLE `praison_sessions` (session_id VARCHAR(255) NOT NULL PRIMARY KEY, user_id VARCHAR(255), agent_id VARCHAR(255), name VARCHAR(255), state LONGTEXT, metadata LONGTEXT, created_at DOUBLE, updated_at DOUBLE, INDEX `idx_praison_sessions_user` (user_id), INDEX `idx_praison_sessions_agent` (agent_id), INDEX `idx_praison_sessions_updated` (updated_at DESC, session_id)) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 /*M!100200 COLLATE utf8mb4_nopad_bin */ /*!80017 COLLATE utf8mb4_0900_bin */;
CREATE TABLE `praison_messages` (session_id VARCHAR(255) NOT NULL, seq BIGINT NOT NULL AUTO_INCREMENT, id VARCHAR(255) NOT NULL, role VARCHAR(50), content LONGTEXT, tool_calls LONGTEXT, tool_call_id VARCHAR(255), metadata LONGTEXT, created_at DOUBLE, PRIMARY KEY (session_id, seq), UNIQUE KEY `praison_messages_pkey` (id, session_id), UNIQUE KEY `idx_praison_messages_order` (seq) /*M!100600 IGNORED */ /*!80000 INVISIBLE */, CONSTRAINT `praison_messages_session_id_fkey` FOREIGN KEY (session_id) REFERENCES `praison_sessions` (session_id) ON DELETE CASCADE) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 /*M!100200 COLLATE utf8mb4_nopad_bin */ /*!80017 COLLATE utf8mb4_0900_bin */;
INSERT INTO `praison_schema_migrations` (component, version, name, checksum, applied_at) VALUES (%s,%s,%s,%s,%s);
INSERT INTO `praison_sessions` (session_id, created_at, updated_at) SELECT COALESCE(session_id, id), MIN(created_at), MAX(created_at) FROM `praison_messages` m WHERE NOT EXISTS (SELECT 1 FROM `praison_sessions` s WHERE s.session_id = COALESCE(m.session_id, m.id)) GROUP BY COALESCE(session_id, id);
UPDATE `praison_messages` SET session_id = id WHERE session_id IS NULL;
DROP TABLE IF EXISTS `praison_messages_former`;
DROP TABLE IF EXISTS `praison_sessions_former`;
INSERT INTO `praison_schema_migrations` (component, version, name, checksum, applied_at) VALUES (%s,%s,%s,%s,%s);
SELECT RELEASE_LOCK(CONCAT('praison ', SHA2(CONCAT(DATABASE(), '/', %s), 224)));
COMMIT;

-- conversation: pending
SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = %s;
SELECT version, checksum FROM `praison_schema_migrations` WHERE component = %s ORDER BY version;

-- conversation: check
SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = %s;
SELECT version, checksum FROM `praison_schema_migrations` WHERE component = %s ORDER BY version;

-- conversation: inspect
SELECT CONCAT(IF(VERSION() LIKE '%MariaDB%', '', 'MySQL '), VERSION());
SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = %s;
SELECT version, checksum FROM `praison_schema_migrations` WHERE component = %s ORDER BY version;

-- conversation: setup, from PraisonAI's older layout
BEGIN;
SELECT GET_LOCK(CONCAT('praison ', SHA2(CONCAT(DATABASE(), '/', %s), 224)), 60);
CREATE TABLE `praison_schema_migrations` (component VARCHAR(50) NOT NULL, version INTEGER NOT NULL, name VARCHAR(50) NOT NULL, checksum VARCHAR(50) NOT NULL, applied_at DOUBLE NOT NULL, PRIMARY KEY (component, version)) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 /*M!100200 COLLATE utf8mb4_nopad_bin */ /*!80017 COLLATE utf8mb4_0900_bin */;
SELECT version, checksum FROM `praison_schema_migrations` WHERE component = %s ORDER BY version;
ALTER TABLE `praisonai_sessions` RENAME TO `praison_sessions`;
ALTER TABLE `praisonai_messages` RENAME TO `praison_messages`;
ALTER TABLE `praison_sessions` ADD COLUMN state LONGTEXT;
ALTER TABLE `praison_messages` ADD COLUMN tool_calls LONGTEXT;
ALTER TABLE `praison_messages` ADD COLUMN tool_call_id VARCHAR(255);
INSERT INTO `praison_schema_migrations` (component, version, name, checksum, applied_at) VALUES (%s,%s,%s,%s,%s);
INSERT INTO `praison_sessions` (session_id, created_at, updated_at) SELECT COALESCE(session_id, id), MIN(created_at), MAX(created_at) FROM `praison_messages` m WHERE NOT EXISTS (SELECT 1 FROM `praison_sessions` s WHERE s.session_id = COALESCE(m.session_id, m.id)) GROUP BY COALESCE(session_id, id);
UPDATE `praison_messages` SET session_id = id WHERE session_id IS NULL;
DROP TABLE IF EXISTS `praison_messages_new`;
DROP TABLE IF EXISTS `praison_sessions_new`;
CREATE TABLE `praison_sessions_new` (session_id VARCHAR(255) NOT NULL PRIMARY KEY, user_id VARCHAR(255), agent_id VARCHAR(255), name VARCHAR(255), state LONGTEXT, metadata LONGTEXT, created_at DOUBLE, updated_at DOUBLE, INDEX `idx_praison_sessions_user` (user_id), INDEX `idx_praison_sessions_agent` (agent_id), INDEX `idx_praison_sessions_updated` (updated_at DESC, session_id)) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 /*M!100200 COLLATE utf8mb4_nopad_bin */ /*!80017 COLLATE utf8mb4_0900_bin */;
INSERT INTO `praison_sessions_new` (session_id, user_id, agent_id, name, state, metadata, created_at, updated_at) SELECT session_id, user_id, agent_id, name, state, metadata, created_at, updated_at FROM `praison_sessions`;
CREATE TABLE `praison_messages_new` (session_id VARCHAR(255) NOT NULL, seq BIGINT NOT NULL AUTO_INCREMENT, id VARCHAR(255) NOT NULL, role VARCHAR(50), content LONGTEXT, tool_calls LONGTEXT, tool_call_id VARCHAR(255), metadata LONGTEXT, created_at DOUBLE, PRIMARY KEY (session_id, seq), UNIQUE KEY `praison_messages_pkey` (id, session_id), UNIQUE KEY `idx_praison_messages_order` (seq) /*M!100600 IGNORED */ /*!80000 INVISIBLE */, CONSTRAINT `praison_messages_session_id_fkey` FOREIGN KEY (session_id) REFERENCES `praison_sessions_new` (session_id) ON DELETE CASCADE) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 /*M!100200 COLLATE utf8mb4_nopad_bin */ /*!80017 COLLATE utf8mb4_0900_bin */;
INSERT INTO `praison_messages_new` (id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at) SELECT m.id, s.session_id, m.role, m.content, m.tool_calls, m.tool_call_id, m.metadata, m.created_at FROM `praison_messages` m JOIN `praison_sessions` s ON s.session_id = m.session_id ORDER BY m.created_at, m.id;
RENAME TABLE `praison_sessions` TO `praison_sessions_former`, `praison_sessions_new` TO `praison_sessions`, `praison_messages` TO `praison_messages_former`, `praison_messages_new` TO `praison_messages`;
INSERT INTO `praison_sessions` (session_id, user_id, agent_id, name, state, metadata, created_at, updated_at) SELECT session_id, user_id, agent_id, name, state, metadata, created_at, updated_at FROM `praison_sessions_former` ON DUPLICATE KEY UPDATE session_id = VALUES(session_id);
INSERT INTO `praison_messages` (id, session_id, role, content, tool_calls, tool_call_id, metadata, created_at) SELECT m.id, s.session_id, m.role, m.content, m.tool_calls, m.tool_call_id, m.metadata, m.created_at FROM `praison_messages_former` m JOIN `praison_sessions_former` s ON s.session_id = m.session_id ORDER BY m.created_at, m.id ON DUPLICATE KEY UPDATE id = VALUES(id);
DROP TABLE IF EXISTS `praison_messages_former`;
DROP TABLE IF EXISTS `praison_sessions_former`;
INSERT INTO `praison_schema_migrations` (component, version, name, checksum, applied_at) VALUES (%s,%s,%s,%s,%s);
SELECT RELEASE_LOCK(CONCAT('praison ', SHA2(CONCAT(DATABASE(), '/', %s), 224)));
COMMIT;
