-- Makes one month (YYYY-MM) of one table, or attaches the table of its name that stands alone.
SELECT create_monthly_partition_of(%(parent)s, %(year_month)s)
