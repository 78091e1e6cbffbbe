"""Running jobs at intervals, in one of several processes. Only this package knows APScheduler.

job             one job: what is done, how often, and how one run of it is guarded
loop            the jobs of a process, run while the lease is held
lease           lets only one of several schedulers work
monotonic_time  intervals that a step of the wall clock does not change
"""
