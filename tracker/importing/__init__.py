"""Access logs that are there already: read, understood, made hits, queued.

source        lines of a file, packed or not, in bounded memory
formats       which format a file has: log_lines (common, combined) or json_lines
record        what any line says
ordinals      which of the equal lines of a file a line is
run           lines become hits with an identity of their own
paced_queue   the hits go behind all others, and wait where workers cannot keep up
"""
