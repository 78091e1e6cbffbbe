"""Reading: the numbers and the rows of one application, for whoever may see them. Nothing here writes.

asked              what every question shares
period             the days that are asked for
parameter_filter   the custom parameters that hits must have
comparison         what a period came to, to compare another with
statistics         totals, a series without holes, what the parameters were, and how far the numbers reach
folded             the numbers from hours and days
stored             hours and days as they are stored, and what was filtered out
overview           several applications at a glance
parameters         the most frequent values of one parameter
live               who is there now, what they read, where they came from, and the newest hits
arrival            what a single hit says of its page and its source
drift              what arrives beside the definitions
sessions           the sessions, page by page, with a cursor; identifier: texts that name something
export             the hits themselves: export_rows in pages, export_lines as CSV or JSON (export_json)
export_window      how much time an export looks at
"""
