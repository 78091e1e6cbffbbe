"""The SSRF guard: where webhooks may be sent. Rules about URLs and addresses, and the only place that looks names up.

policy        what the operator allows beside the public internet
urls          the URL alone, without a look at the network
addresses     one address: public, or of a kind that is refused, and under which disguise
resolver      a name's addresses, all of them checked
registration  the whole of it, when a webhook is registered
"""
