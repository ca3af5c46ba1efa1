CREATE TABLE public.praisonai_messages (
    id character varying(255) NOT NULL,
    session_id character varying(255),
    role character varying(50),
    content text,
    metadata jsonb,
    created_at double precision
);

CREATE TABLE public.praisonai_sessions (
    session_id character varying(255) NOT NULL,
    user_id character varying(255),
    agent_id character varying(255),
    name character varying(255),
    metadata jsonb,
    created_at double precision,
    updated_at double precision
);

INSERT INTO public.praisonai_messages VALUES ('z', 'chat-1', 'user', 'What time is it? 🕰', NULL, 1700000010.125);
INSERT INTO public.praisonai_messages VALUES ('a', 'chat-1', 'assistant', '', NULL, 1700000010.125);
INSERT INTO public.praisonai_messages VALUES ('m', 'chat-1', 'tool', '12:00', NULL, 1700000010.125);
INSERT INTO public.praisonai_messages VALUES ('b', 'chat-1', 'assistant', 'Noon.
	tab \ ''quote'' "double"', '{"n": 0.0000001}', 1700000010.125);
INSERT INTO public.praisonai_messages VALUES ('late', 'chat-1', 'user', 'thanks', NULL, 1700000012);
INSERT INTO public.praisonai_messages VALUES ('early', 'chat-1', 'system', 'written last, dated first', NULL, 1700000009);
INSERT INTO public.praisonai_messages VALUES ('other', 'Chat-1 ', 'user', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', NULL, 5.5);

INSERT INTO public.praisonai_sessions VALUES ('chat-1', 'ann', 'helper', 'Über Uhren', '{"tags": ["a", {"b": 1}]}', 1700000000.25, 1700000100.5);
INSERT INTO public.praisonai_sessions VALUES ('Chat-1 ', '', NULL, NULL, NULL, 1700000001, 1700000002);
INSERT INTO public.praisonai_sessions VALUES ('empty/☃''";--', NULL, NULL, NULL, NULL, 1, 2);

ALTER TABLE ONLY public.praisonai_messages
    ADD CONSTRAINT praisonai_messages_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.praisonai_sessions
    ADD CONSTRAINT praisonai_sessions_pkey PRIMARY KEY (session_id);

CREATE INDEX idx_praisonai_messages_session ON public.praisonai_messages USING btree (session_id);

ALTER TABLE ONLY public.praisonai_messages
    ADD CONSTRAINT praisonai_messages_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.praisonai_sessions(session_id) ON DELETE CASCADE;
