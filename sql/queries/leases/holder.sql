-- Who holds a lease now.
SELECT owner FROM leases WHERE name = %(name)s AND expires_at >= clock_timestamp()
