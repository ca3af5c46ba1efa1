CREATE TABLE public.praison_messages (
    id character varying(255) NOT NULL,
    session_id character varying(255),
    role character varying(50),
    content text,
    tool_calls jsonb,
    tool_call_id character varying(255),
    metadata jsonb,
    created_at double precision
);

CREATE TABLE public.praison_sessions (
    session_id character varying(255) NOT NULL,
    user_id character varying(255),
    agent_id character varying(255),
    name character varying(255),
    state jsonb,
    metadata jsonb,
    created_at double precision,
    updated_at double precision
);

INSERT INTO public.praison_messages VALUES ('z', 'chat-1', 'user', 'What time is it? 🕰', NULL, NULL, NULL, 1700000010.125);
INSERT INTO public.praison_messages VALUES ('a', 'chat-1', 'assistant', '', '[{"id": "call_1", "type": "function", "function": {"name": "clock", "arguments": "{\"tz\": \"CET\"}"}}]', NULL, NULL, 1700000010.125);
INSERT INTO public.praison_messages VALUES ('m', 'chat-1', 'tool', '12:00', NULL, 'call_1', NULL, 1700000010.125);
INSERT INTO public.praison_messages VALUES ('b', 'chat-1', 'assistant', 'Noon.
	tab \ ''quote'' "double"', NULL, NULL, '{"n": 0.0000001}', 1700000010.125);
INSERT INTO public.praison_messages VALUES ('late', 'chat-1', 'user', 'thanks', '[]', NULL, '{}', 1700000012);
INSERT INTO public.praison_messages VALUES ('early', 'chat-1', 'system', 'written last, dated first', NULL, NULL, NULL, 1700000009);
INSERT INTO public.praison_messages VALUES ('other', 'Chat-1 ', 'user', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', NULL, NULL, NULL, 5.5);

INSERT INTO public.praison_sessions VALUES ('chat-1', 'ann', 'helper', 'Über Uhren', '{"done": false, "none": null, "step": 3, "ratio": 0.5}', '{"tags": ["a", {"b": 1}]}', 1700000000.25, 1700000100.5);
INSERT INTO public.praison_sessions VALUES ('Chat-1 ', '', NULL, NULL, NULL, NULL, 1700000001, 1700000002);
INSERT INTO public.praison_sessions VALUES ('empty/☃''";--', NULL, NULL, NULL, '{}', '{}', 1, 2);

ALTER TABLE ONLY public.praison_messages
    ADD CONSTRAINT praison_messages_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.praison_sessions
    ADD CONSTRAINT praison_sessions_pkey PRIMARY KEY (session_id);

CREATE INDEX idx_praison_messages_created ON public.praison_messages USING btree (created_at DESC);

CREATE INDEX idx_praison_messages_session ON public.praison_messages USING btree (session_id);

CREATE INDEX idx_praison_sessions_agent ON public.praison_sessions USING btree (agent_id);

CREATE INDEX idx_praison_sessions_updated ON public.praison_sessions USING btree (updated_at DESC);

CREATE INDEX idx_praison_sessions_user ON public.praison_sessions USING btree (user_id);

ALTER TABLE ONLY public.praison_messages
    ADD CONSTRAINT praison_messages_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.praison_sessions(session_id) ON DELETE CASCADE;
