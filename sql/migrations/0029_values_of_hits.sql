-- How the defined parameters of new hits are written: a JSON array of hits, each with an object of its values.
--
-- The settings are those of add_custom_parameter_values, which workers of an earlier version call. An id is made of the
-- hit's, which grow with time, and the place of the value: entries of the primary key go to the end of its index, where
-- random ones would touch and log a page each.
CREATE FUNCTION add_values_of_hits(given JSON) RETURNS VOID
LANGUAGE sql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
    INSERT INTO custom_parameter_values (id, access_log_id, application_id, parameter_key, parameter_value, created_at)
    SELECT (hit.first_id || lpad(to_hex(place), 12, '0'))::uuid, hit.id, hit.application_id, parameter.key, parameter.value,
           hit.created_at
      FROM json_to_recordset(given) AS hit (
               id BIGINT, application_id UUID, created_at TIMESTAMP WITH TIME ZONE, first_id TEXT, "values" JSON
           ),
           json_each_text(hit."values") WITH ORDINALITY AS parameter (key, value, place);
$$;
