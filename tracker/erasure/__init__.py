"""Erasing: one person's data, or all of an application's, wherever they stand; small transactions, taken up again.

requests      what is to be erased is noted, and what became of it is read: the receipt
identifiers   whom an application knows by what, and the hash that the receipt keeps of it
belonging     is an entry of the queue the person's; pure
person        the rounds through queue and tables, until nothing is left
hits          one transaction: hits of a day and all that was made of them
imported      the rounds for an import that is undone; hits that are to be stored anew
application   the same for a whole application, and then its row
copy          wait until the columnar copy holds nothing of it
work          an erasure that one process holds, step by step
run           one erasure from beginning to end, and the scheduler's turn
preview       how much there is, without touching it
"""
