"""Where webhooks may be sent: rules about URLs and addresses, and the names' way to addresses.

policy        what the operator allows beside the public internet
urls          the URL alone, without a look at the network
addresses     one address: public, or of a kind that is refused, and under which disguise
names         a name's addresses, all of them checked
registration  the whole of it, when a webhook is registered
"""
