"""The loop of the scheduler and the lease that lets only one of several work. APScheduler lives only here."""
