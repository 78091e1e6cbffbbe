-- Makes one month (YYYY-MM) of access_logs and custom_parameter_values; an existing one is left alone.
SELECT create_monthly_partition(%(year_month)s)
