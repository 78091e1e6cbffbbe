"""What `tracker demo` and `tracker dev` run: private servers, the product's processes, visitors, a webhook endpoint.

stack          PostgreSQL, Valkey, receiver, workers and scheduler, started and ended together
child_process  one process of the stack
shop_visits    visitors of a made-up shop, and the hits that they cause
sender         an HTTP client that sends hits
hits           hits sent by several threads, and what became of them
webhook        a webhook registered, and its deliveries counted
webhook_sink   the endpoint that receives them
"""
