"""Management and reading over HTTP: blueprints on flask-smorest, from which the OpenAPI document is made.

Each module is the views of one resource; they check the form of what comes in, ask the services of the rooms below, and
put the answer into the envelope.
"""
