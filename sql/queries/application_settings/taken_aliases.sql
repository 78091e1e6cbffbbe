-- Which of these names another application has, as its app_id or as an alias; deleted ones have none.
SELECT given.name
  FROM unnest(%(names)s::TEXT[]) AS given (name)
 WHERE EXISTS (
    SELECT FROM applications
     WHERE lower(app_id) = lower(given.name) AND deleted_at IS NULL AND id IS DISTINCT FROM %(application_id)s::UUID)
    OR EXISTS (
    SELECT FROM application_settings JOIN applications ON applications.id = application_id
     WHERE setting_key = 'aliases' AND string_to_array(setting_value, ',') @> ARRAY[lower(given.name)]
       AND deleted_at IS NULL AND application_id IS DISTINCT FROM %(application_id)s::UUID)
 ORDER BY given.name
