-- A tally that was damaged is noticed when it is read, as a file of facts is. Those of before are made again, in a minute.
DELETE FROM facts_tallies;
ALTER TABLE facts_tallies ADD COLUMN checksum TEXT NOT NULL; -- of the content: BLAKE2b, 128 bits
