-- Tallies have where visits came from (decision 0142): the scheduler makes them anew.
DELETE FROM facts_tallies;
