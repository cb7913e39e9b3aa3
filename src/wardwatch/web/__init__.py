"""The console: what people see and press. Screens are found in `screens/`, one folder each.

A view has four moves: authorise, parse, call, render. It reads from `records.queries` and changes through `usecases`.
"""
