"""What operators do to applications, keys, parameters, settings, webhooks and failed hits.

Each function opens its own transaction, checks what it is given, and raises Refused with a sentence for people. The
commands, the API and the dashboard call it.

applications, application_input        applications, and what their columns may hold
keys, members                          API keys, replaced without a gap; people, invited, each with a key
parameters, definition_check, presets  definitions of custom parameters
settings, aliases, operator_limits     settings of an application, and what the operator allows at most
webhooks, webhook_rules, webhook_urls  webhooks: where they may lead, their events, their secrets
webhook_deliveries                     what was sent and what became of it
goals, annotations, segments           what an owner adds to the dashboard: goals and funnels, notes, saved filters
shares, passwords                      links for others to look, and what is kept of the passwords of these
failed_hits                            hits that failed for good: looked at, retried, discarded
audit                                  every change, with who made it
known_application, names               the application that somebody names; what things are called
versions                               nobody overwrites what they have not seen
notify_receivers                       the receivers hear of a change
"""
