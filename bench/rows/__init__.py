"""One file a row of the table: what is started, what is done in turn, what is counted."""
