"""The only place where concrete things meet: settings become connections, and rooms get what they work with.

One module for each kind of process, so that a worker loads no web framework. What they build is built after the last
fork, never when a module is imported.
"""
