"""What the network speaks to us, one file each. What arrives becomes frames in the spool; nothing is parsed here.

A sender is answered when its frames are on stable storage, and not before.
"""
