"""Charts, laid out in one place for every document: geometry, which a template draws as SVG. No script is needed."""
