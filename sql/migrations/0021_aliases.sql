-- Finds the application that has a name among its aliases.
CREATE INDEX idx_application_settings_aliases ON application_settings USING gin (string_to_array(setting_value, ','))
    WHERE setting_key = 'aliases';
