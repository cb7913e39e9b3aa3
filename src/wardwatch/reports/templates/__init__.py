"""What documents are made with: templates, style sheets and words."""
