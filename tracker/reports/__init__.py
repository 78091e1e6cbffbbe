"""Reports: measures of an application's hits by dimensions, over days of the site's own time zone, from the facts.

dimensions   what hits are told apart by, and as which SQL
measures     what is counted of them, and as which SQL
filters      which of them are taken
question     a whole question, read from texts and refused where it is none
zone_days    days, weeks and hours of a time zone as instants; pure
statement    the SQL of a question; pure
facts_read   the files of facts that it is put to; pure
tables       what it is asked of: hits, or parts of visits; pure
visits       visits of several parts, and what whole visits were like; pure
gathered     the tables of these, kept for the questions that follow
near_parts   parts of visits that may go on after a time
tally, tallies    counts by day, from which visitors and visits of any days follow; pure
tally_making  those of large applications, made by the scheduler
step_tally_making  goals and funnels added to one, as many as there is room for
tally_verifying  one of them compared with the facts
seen_before  who of the days after those of a tally was there before
tallied      a question answered by a tally, or in the usual way
asked_together  questions that are asked of the same rows, and what their filters leave, as SQL; pure
sifted       what filters leave of the files, read once for questions that are asked together
kept         what a process keeps for the questions that follow
passing_files  files for questions, which go as soon as nobody reads them
later_visits  visits that these days add, and those of before that they change
sums         numbers of groups that are added up; pure
buckets      the interval that a hit lies in, as SQL; pure
leading      which groups may be among the largest, before visitors are told apart; pure
answers      those that were given, for as long as their files are the facts
file_checks  files looked at before they are read
places       questions at the same time, and one that wants all places
readers      the engine and the files of a process that answers
facts_of_days  which files hold the facts of some days, and a question put to them
old_days     days without facts, by what the statistics say of each
answer       a question answered
weekly       a week's summary, for webhooks
goals, funnels, returning    three questions of their own, of visits; `steps` are the conditions that they ask for
ask_steps    goals and funnels put to a tally, or to the facts
step_tallies  what a tally says of them; pure
later_steps  what the days after those of a tally add to them
tallied_steps  goals and funnels answered by a tally, and what came after it
"""
