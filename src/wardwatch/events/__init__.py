"""What an event is: log source, record, batch, alert. The formats here are frozen (docs/reference/formats.md)."""
