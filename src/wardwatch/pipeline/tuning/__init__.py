"""Tuning with proof: what a rule no longer says in one hospital, shown on stored events before it is believed.

`document` reads and writes tunings, `applying` withholds what they match, `proposing` makes one from an alert that was
false, `proving` says what would go quiet, and refuses what must not.
"""
