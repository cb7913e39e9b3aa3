"""Messages leave: by mail, signed webhook, or an SMS gateway over HTTP. Nothing goes where nobody configured it."""
