"""Management and reading over HTTP: blueprints on flask-smorest, from which the OpenAPI document is made.

A view checks the form of what comes in, asks the services of the packages below, and puts the answer into the envelope.

mount, documentation      where the API joins the receiver's application; `/openapi.json` and `/docs`
services                  what the views of one process work with
blueprint                 the blueprint of every resource: envelope, errors, callers, versions
caller                    who is calling, and whether they may
arguments, fields         JSON and queries become arguments of a view
reading_query             the queries of views that read numbers
answers, pages            the envelope and `ETag`; pages of a list, with cursors
concurrency_limit         how many exports run at a time
applications, api_keys, settings, goals, segments, custom_parameters, audit_log management, a module a resource
webhooks, webhook_forms                                                  webhooks and their deliveries
statistics, reports, conversions, sessions, export, erasure              reading and erasing
metrics, ledger                                                          `GET /metrics`; what became of accepted hits
"""
