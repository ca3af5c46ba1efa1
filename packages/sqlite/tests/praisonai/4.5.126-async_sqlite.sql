BEGIN TRANSACTION;
CREATE TABLE praisonai_messages (
                id TEXT PRIMARY KEY,
                session_id TEXT REFERENCES praisonai_sessions(session_id) ON DELETE CASCADE,
                role TEXT,
                content TEXT,
                metadata TEXT,
                created_at REAL
            );
INSERT INTO "praisonai_messages" VALUES('z','chat-1','user','What time is it? 🕰',NULL,1700000010.125);
INSERT INTO "praisonai_messages" VALUES('a','chat-1','assistant','',NULL,1700000010.125);
INSERT INTO "praisonai_messages" VALUES('m','chat-1','tool','12:00',NULL,1700000010.125);
INSERT INTO "praisonai_messages" VALUES('b','chat-1','assistant','Noon.
	tab \ ''quote'' "double"','{"n": 1e-07}',1700000010.125);
INSERT INTO "praisonai_messages" VALUES('late','chat-1','user','thanks',NULL,1700000012.0);
INSERT INTO "praisonai_messages" VALUES('early','chat-1','system','written last, dated first',NULL,1700000009.0);
INSERT INTO "praisonai_messages" VALUES('other','Chat-1 ','user','xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',NULL,5.5);
INSERT INTO "praisonai_messages" VALUES('orphan 2','gone','user','second',NULL,20.0);
INSERT INTO "praisonai_messages" VALUES('orphan 1','gone','user','first',NULL,10.0);
CREATE TABLE praisonai_sessions (
                session_id TEXT PRIMARY KEY,
                user_id TEXT,
                agent_id TEXT,
                name TEXT,
                metadata TEXT,
                created_at REAL,
                updated_at REAL
            );
INSERT INTO "praisonai_sessions" VALUES('chat-1','ann','helper','Über Uhren','{"tags": ["a", {"b": 1}]}',1700000000.25,1700000100.5);
INSERT INTO "praisonai_sessions" VALUES('Chat-1 ','',NULL,NULL,NULL,1700000001.0,1700000002.0);
INSERT INTO "praisonai_sessions" VALUES('empty/☃''";--',NULL,NULL,NULL,NULL,1.0,2.0);
CREATE INDEX idx_praisonai_messages_session 
            ON praisonai_messages(session_id)
        ;
COMMIT;
