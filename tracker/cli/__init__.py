"""The operator's commands: a module a group, named as it is called. Only this room knows click and rich."""
