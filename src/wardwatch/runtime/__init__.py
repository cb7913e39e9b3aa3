"""What runs: settings, the processes and what they publish about themselves."""
