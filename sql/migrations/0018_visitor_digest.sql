-- The same digest without backslashes, whose meaning a server's standard_conforming_strings decides.
CREATE OR REPLACE FUNCTION statistics_visitor(client_sub_id TEXT, ip_address INET, user_agent TEXT) RETURNS UUID
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT encode(substring(sha256(
        CASE WHEN client_sub_id IS NOT NULL THEN decode('01', 'hex') || convert_to(client_sub_id, 'UTF8')
             ELSE decode('02', 'hex') || coalesce(inet_send(ip_address), decode('00', 'hex'))
                  || coalesce(decode('01', 'hex') || convert_to(user_agent, 'UTF8'), decode('00', 'hex'))
        END) FROM 1 FOR 16), 'hex')::uuid
$$;
