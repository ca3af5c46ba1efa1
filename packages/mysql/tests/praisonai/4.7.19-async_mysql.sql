-- What PraisonAI 4.7.19's AsyncMySQLConversationStore creates, in the database's own character set.
CREATE TABLE praison_sessions (
    session_id VARCHAR(255) PRIMARY KEY, user_id VARCHAR(255), agent_id VARCHAR(255), name VARCHAR(255),
    state JSON, metadata JSON, created_at DOUBLE, updated_at DOUBLE,
    INDEX idx_user_id (user_id), INDEX idx_agent_id (agent_id)
);
CREATE TABLE praison_messages (
    id VARCHAR(255) PRIMARY KEY, session_id VARCHAR(255), role VARCHAR(50), content TEXT, tool_calls JSON,
    tool_call_id VARCHAR(255), metadata JSON, created_at DOUBLE,
    INDEX idx_session_id (session_id),
    FOREIGN KEY (session_id) REFERENCES praison_sessions (session_id) ON DELETE CASCADE
);
INSERT INTO praison_sessions VALUES
    ('chat-1', 'ann', 'helper', 'Über Uhren', '{"step": 3, "done": false, "ratio": 0.5, "none": null}',
        '{"tags": ["a", {"b": 1}]}', 1700000000.25, 1700000100.5),
    ('other chat', '', NULL, NULL, NULL, NULL, 1700000001, 1700000002),
    ('empty/é''";--', NULL, NULL, NULL, NULL, NULL, 1, 2);
INSERT INTO praison_messages VALUES
    ('z', 'chat-1', 'user', 'What time is it?', NULL, NULL, NULL, 1700000010.125),
    ('a', 'chat-1', 'assistant', '', '[{"id": "call_1", "type": "function", "function": {"name": "clock"}}]', NULL, NULL,
        1700000011.125),
    ('m', 'CHAT-1', 'tool', '12:00', NULL, 'call_1', NULL, 1700000011.125),
    ('late', 'chat-1', 'user', 'thanks', NULL, NULL, '{"n": 0.5}', 1700000012),
    ('early', 'chat-1', 'system', 'written last, dated first', NULL, NULL, NULL, 1700000009),
    ('other', 'other chat', 'user', 'hi', NULL, NULL, NULL, 5.5);
