"""What everything stands on: errors, ids, time stamps, severity, bilingual text, discovery. Imports nothing of ours."""
