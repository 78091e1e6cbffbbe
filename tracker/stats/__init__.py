"""Statistics: what workers append is folded into hours and days, and can be recounted from the rows.

fold       one turn: take what workers appended and add it to hours and days
complete   one turn: hours and days of which nothing more is waited for are complete, once
rebuild    recompute days from the raw rows
raw_rows   are the raw rows of a day all there, so that a recount means something
verify     compare hours and days with a recount
retire     what happens when raw rows go: is a month final, forget what is only needed to count on
"""
