"""HTTP in: hits are read, checked and put on the shelf. Only this room knows Flask and marshmallow.

The way of a hit:

tracking            the three endpoints
body, query         the request's bytes; json_rules: what JSON they may hold
acceptance          the steps of one hit, batch_acceptance those of a batch:
caller              whose hit it is, and with which key
rules, page_origin  what the application's settings say about it
hit_form            the fields, by field_types
screening           what is left out, counted by filtered_counts
hit_building        identity, time and privacy; then it is an entry
shelf               Redis, or PostgreSQL while Redis is away
answers, faults     what the caller is told

Beside it: application_cache, identities, upkeep and outage keep it going; health, beacon_script and test_page are Flask
views in app.
"""
