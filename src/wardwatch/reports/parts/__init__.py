"""Parts that several documents have: the answer, what was not understood, reasons in French, the course."""
