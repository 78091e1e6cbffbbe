"""Reading: the numbers and the rows of one application, for whoever may see them. Nothing here writes.

period             the days that are asked for
parameter_filter   the custom parameters that hits must have
comparison         what a period came to, to compare another with
statistics         totals, a series without holes, and what the parameters were
stored             hours and days as they are stored, and what was filtered out
overview           several applications at a glance
parameters         the most frequent values of one parameter
drift              what arrives beside the definitions
sessions           the sessions, page by page
export             the hits themselves, as CSV or as lines of JSON
"""
