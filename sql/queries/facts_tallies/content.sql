-- What a tally says, and what tells whether it is whole.
SELECT content, checksum FROM facts_tallies WHERE id = %(id)s
