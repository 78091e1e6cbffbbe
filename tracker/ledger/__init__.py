"""The ledger: that nothing is lost, and how anybody can see it.

balance    what was accepted against what has become of it, in sums that hold at every moment
folding    the scheduler's turn: appended changes go into their hours
watch      its look at the balance: who is told of an hour that does not balance
"""
