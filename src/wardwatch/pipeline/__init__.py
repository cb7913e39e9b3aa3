"""sources → events → detection → correlation → alerts. The stages are functions on Arrow batches; engines run them."""
