"""The only place where concrete things meet: settings become connections, and packages get what they work with.

One module for each kind of process, so that a worker loads no web framework. What they build is built after the last
fork, never when a module is imported.

receiver, api, dashboard  what one process of the receiver holds, and what the API and the dashboard hold in it
syslog                    what the process holds that receives syslog
importing                 where the hits of an import go
worker                    what one process of a worker holds
scheduler                 what the process of the scheduler holds
facts                     the folder or the bucket that holds the facts
clock                     a process's clock, set by what PostgreSQL and Redis say the time is
metrics                   how a process tells what it has counted
process_end               what a process does when it ends in order
malloc                    how memory is handed out to the threads of a process
"""
