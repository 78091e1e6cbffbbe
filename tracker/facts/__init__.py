"""Facts: the columnar copy of the hits, a Parquet file for some hours of a day of an application (decision 0099).

folder      the folder: whose it is, how a file gets there whole and goes
bucket      objects of an S3-compatible store
bucket_folder  a bucket in the folder's place, with copies of what is read of it
command_copies  the folder of a command's copies of it, which goes with the command
engine      the columnar engine for one question at a time, and what its errors mean
engine_connection  what a connection to it can do
duckdb_connection  DuckDB in this process, within its limits
engine_process     the same in a process of its own, for whoever makes facts
engine_host        the program of that process
meaning     what the texts of rows mean, each read once
page        which page an address is; pure
source      where a reader came from: source, channel, campaign; pure
agent       browser, system and device of a user agent
place       countries, from time zones and stored addresses
columns     the columns of a fact, and how SQL makes them
visits      the visits of a file: a number for each hit, and their parts beside the hits
recipe      what an application's settings say about its facts
make        the facts of some hours, from rows to a file
pieces      which file minutes go into, and which files are joined; pure
day         the files of one day: made anew, merged, mended
batch       small days of several applications, made in one pass
write       one turn: make what was marked, merge, remove
rebuild     make days anew; compare them with the rows
hit_files   files with all columns of hits
erase_archived  people taken out of what is archived
archive     months that go, compared with their rows, whose facts stay
"""
