"""What documents are made with: templates, style sheets, and the geometry of their charts."""
