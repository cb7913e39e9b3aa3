"""What attackers do: the names that others gave to it."""
