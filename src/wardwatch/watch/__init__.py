"""The step machine from alert to incident: `step(slice, message, now) -> (slice, effects)`.

Pure and fast: no database, no network, no clock. `needing.needs` says what a message is about, a `slices.Store` loads
that as a `slices.Slice`, `stepping.step` answers with the slice as it is then and with what is to be done outside
(docs/explanation/watch.md). `memory.MemoryStore` is a store without a database.
"""
