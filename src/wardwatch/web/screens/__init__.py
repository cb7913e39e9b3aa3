"""One folder for each screen: views, templates, and `SCREENS`, the addresses that it answers to."""
