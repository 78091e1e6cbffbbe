"""Signing in by OpenID Connect: who somebody is, said by a provider that the operator has named.

Authlib and joserfc are imported only here.

identity     who somebody is, and what a provider does: the words that the dashboard knows
provider     discovery, the way to the provider and back, the ID token; what it said is kept for a while
claims       what an ID token says of somebody, checked
http_client  requests to the provider: bounded in time and bytes, by HTTPS, without redirects
"""
