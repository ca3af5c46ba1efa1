-- What the Data API cannot do from outside: several statements as one, under a lock. Each runs with its caller's rights.
-- <name> is filled in by schema.py. Rows go in and out as arrays in the order of core's columns, JSON columns as text.

CREATE OR REPLACE FUNCTION <schema>."<v>create_session"(p_session json) RETURNS boolean
LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    INSERT INTO <sessions> (<session_columns>)
        VALUES (p_session->>0, p_session->>1, p_session->>2, p_session->>3, (p_session->>4)::jsonb,
            (p_session->>5)::jsonb, (p_session->>6)::float8, (p_session->>7)::float8)
        ON CONFLICT DO NOTHING;
    RETURN FOUND;
END $$;

CREATE OR REPLACE FUNCTION <schema>."<v>update_session"(p_session json) RETURNS boolean
LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    UPDATE <sessions> SET user_id = p_session->>1, agent_id = p_session->>2, name = p_session->>3,
            state = (p_session->>4)::jsonb, metadata = (p_session->>5)::jsonb,
            created_at = (p_session->>6)::float8, updated_at = (p_session->>7)::float8
        WHERE session_id = p_session->>0;
    RETURN FOUND;
END $$;

CREATE OR REPLACE FUNCTION <schema>."<v>upsert_session"(p_session json) RETURNS boolean
LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    INSERT INTO <sessions> (<session_columns>)
        VALUES (p_session->>0, p_session->>1, p_session->>2, p_session->>3, (p_session->>4)::jsonb,
            (p_session->>5)::jsonb, (p_session->>6)::float8, (p_session->>7)::float8)
        ON CONFLICT (session_id) DO UPDATE SET user_id = excluded.user_id, agent_id = excluded.agent_id,
            name = excluded.name, state = excluded.state, metadata = excluded.metadata,
            created_at = excluded.created_at, updated_at = excluded.updated_at;
    RETURN TRUE;
END $$;

CREATE OR REPLACE FUNCTION <schema>."<v>get_session"(p_session_id text) RETURNS json
LANGUAGE sql STABLE SET search_path = '' AS $$
    SELECT <session_row> FROM <sessions> WHERE session_id = p_session_id
$$;

-- The messages go with it by the foreign key.
CREATE OR REPLACE FUNCTION <schema>."<v>delete_session"(p_session_id text) RETURNS boolean
LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    DELETE FROM <sessions> WHERE session_id = p_session_id;
    RETURN FOUND;
END $$;

CREATE OR REPLACE FUNCTION <schema>."<v>list_sessions"(p_user_id text, p_agent_id text, p_limit bigint, p_offset bigint)
RETURNS json LANGUAGE sql STABLE SET search_path = '' AS $$
    SELECT COALESCE(json_agg(<session_row> ORDER BY updated_at DESC, session_id), '[]') FROM (
        SELECT <session_columns> FROM <sessions>
            WHERE (p_user_id IS NULL OR user_id = p_user_id) AND (p_agent_id IS NULL OR agent_id = p_agent_id)
            ORDER BY updated_at DESC, session_id LIMIT p_limit OFFSET p_offset) AS page
$$;

-- NULL: no such session. Otherwise the stored messages whose ids were taken, but for those in p_same, which the caller has
-- compared; when there are any, nothing was written. The lock makes the order of seq the order of commits.
CREATE OR REPLACE FUNCTION <schema>."<v>add_messages"(p_session_id text, p_messages json, p_same json) RETURNS json
LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
    taken json;
BEGIN
    PERFORM 1 FROM <sessions> WHERE session_id = p_session_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT json_agg(<message_row>) INTO taken FROM <messages>
        WHERE session_id = p_session_id
            AND id = ANY (ARRAY(SELECT given->>0 FROM json_array_elements(p_messages) AS given))
            AND id <> ALL (ARRAY(SELECT json_array_elements_text(p_same)));
    IF taken IS NOT NULL THEN
        RETURN taken;
    END IF;
    INSERT INTO <messages> (<message_columns>)
        SELECT given->>0, p_session_id, given->>2, given->>3, (given->>4)::jsonb, given->>5, (given->>6)::jsonb,
                (given->>7)::float8
            FROM json_array_elements(p_messages) WITH ORDINALITY AS batch (given, place) ORDER BY place
        ON CONFLICT DO NOTHING;
    RETURN '[]';
END $$;

CREATE OR REPLACE FUNCTION <schema>."<v>get_messages"(p_session_id text, p_limit bigint, p_before double precision,
    p_after double precision)
RETURNS json LANGUAGE sql STABLE SET search_path = '' AS $$
    SELECT COALESCE(json_agg(<message_row> ORDER BY seq), '[]') FROM (
        SELECT <message_columns>, seq FROM <messages>
            WHERE session_id = p_session_id AND (p_before IS NULL OR created_at < p_before)
                AND (p_after IS NULL OR created_at > p_after)
            ORDER BY seq DESC LIMIT p_limit) AS newest
$$;

-- Pairs of seq and message.
CREATE OR REPLACE FUNCTION <schema>."<v>page_messages"(p_session_id text, p_after_seq bigint, p_limit bigint)
RETURNS json LANGUAGE sql STABLE SET search_path = '' AS $$
    SELECT COALESCE(json_agg(json_build_array(seq, <message_row>) ORDER BY seq), '[]') FROM (
        SELECT <message_columns>, seq FROM <messages>
            WHERE session_id = p_session_id AND seq > p_after_seq ORDER BY seq LIMIT p_limit) AS page
$$;

CREATE OR REPLACE FUNCTION <schema>."<v>delete_messages"(p_session_id text, p_ids json) RETURNS bigint
LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
    deleted bigint;
BEGIN
    DELETE FROM <messages> WHERE session_id = p_session_id
        AND (p_ids IS NULL OR id = ANY (ARRAY(SELECT json_array_elements_text(p_ids))));
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN deleted;
END $$;
