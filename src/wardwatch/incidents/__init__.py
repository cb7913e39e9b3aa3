"""What became of alerts when people took them up: incidents, their timeline, tasks, evidence, and who is called."""
