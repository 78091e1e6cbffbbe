-- Note a Redis that has the counts now.
INSERT INTO ledger_epochs (epoch, began_at) VALUES (%(epoch)s, %(now)s) ON CONFLICT (epoch) DO NOTHING
