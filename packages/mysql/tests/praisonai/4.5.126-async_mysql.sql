-- The older layout, with the prefix praisonai_ and without state, tool_calls and tool_call_id.
CREATE TABLE praisonai_sessions (
    session_id VARCHAR(255) PRIMARY KEY, user_id VARCHAR(255), agent_id VARCHAR(255), name VARCHAR(255),
    metadata JSON, created_at DOUBLE, updated_at DOUBLE,
    INDEX idx_user_id (user_id), INDEX idx_agent_id (agent_id)
);
CREATE TABLE praisonai_messages (
    id VARCHAR(255) PRIMARY KEY, session_id VARCHAR(255), role VARCHAR(50), content TEXT, metadata JSON,
    created_at DOUBLE,
    INDEX idx_session_id (session_id),
    FOREIGN KEY (session_id) REFERENCES praisonai_sessions (session_id) ON DELETE CASCADE
);
INSERT INTO praisonai_sessions VALUES
    ('chat-1', 'ann', 'helper', 'Über Uhren', '{"tags": ["a", {"b": 1}]}', 1700000000.25, 1700000100.5),
    ('other chat', '', NULL, NULL, NULL, 1700000001, 1700000002);
INSERT INTO praisonai_messages VALUES
    ('z', 'chat-1', 'user', 'What time is it?', NULL, 1700000010.125),
    ('a', 'chat-1', 'assistant', '', NULL, 1700000011.125),
    ('m', 'CHAT-1', 'tool', '12:00', NULL, 1700000011.125),
    ('late', 'chat-1', 'user', 'thanks', '{"n": 0.5}', 1700000012),
    ('early', 'chat-1', 'system', 'written last, dated first', NULL, 1700000009),
    ('other', 'other chat', 'user', 'hi', NULL, 5.5);
