BEGIN TRANSACTION;
CREATE TABLE praison_messages (
                id TEXT PRIMARY KEY,
                session_id TEXT NOT NULL
                    REFERENCES praison_sessions(session_id) ON DELETE CASCADE,
                role TEXT NOT NULL,
                content TEXT,
                tool_calls TEXT,
                tool_call_id TEXT,
                metadata TEXT,
                created_at REAL
            );
INSERT INTO "praison_messages" VALUES('z','chat-1','user','What time is it? 🕰',NULL,NULL,NULL,1700000010.125);
INSERT INTO "praison_messages" VALUES('a','chat-1','assistant','','[{"id": "call_1", "type": "function", "function": {"name": "clock", "arguments": "{\"tz\": \"CET\"}"}}]',NULL,NULL,1700000010.125);
INSERT INTO "praison_messages" VALUES('m','chat-1','tool','12:00',NULL,'call_1',NULL,1700000010.125);
INSERT INTO "praison_messages" VALUES('b','chat-1','assistant','Noon.
	tab \ ''quote'' "double"',NULL,NULL,'{"n": 1e-07}',1700000010.125);
INSERT INTO "praison_messages" VALUES('late','chat-1','user','thanks',NULL,NULL,NULL,1700000012.0);
INSERT INTO "praison_messages" VALUES('early','chat-1','system','written last, dated first',NULL,NULL,NULL,1700000009.0);
INSERT INTO "praison_messages" VALUES('other','Chat-1 ','user','xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',NULL,NULL,NULL,5.5);
CREATE TABLE praison_sessions (
                session_id TEXT PRIMARY KEY,
                user_id TEXT,
                agent_id TEXT,
                name TEXT,
                state TEXT,
                metadata TEXT,
                created_at REAL,
                updated_at REAL
            );
INSERT INTO "praison_sessions" VALUES('chat-1','ann','helper','Über Uhren','{"step": 3, "done": false, "ratio": 0.5, "none": null}','{"tags": ["a", {"b": 1}]}',1700000000.25,1700000100.5);
INSERT INTO "praison_sessions" VALUES('Chat-1 ','',NULL,NULL,NULL,NULL,1700000001.0,1700000002.0);
INSERT INTO "praison_sessions" VALUES('empty/☃''";--',NULL,NULL,NULL,NULL,NULL,1.0,2.0);
CREATE INDEX idx_praison_sessions_user 
            ON praison_sessions(user_id)
        ;
CREATE INDEX idx_praison_sessions_agent 
            ON praison_sessions(agent_id)
        ;
CREATE INDEX idx_praison_messages_session 
            ON praison_messages(session_id)
        ;
CREATE INDEX idx_praison_messages_created 
            ON praison_messages(session_id, created_at)
        ;
COMMIT;
