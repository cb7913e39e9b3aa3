"""What each message does to the slice: a module for each kind."""
