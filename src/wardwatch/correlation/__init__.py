"""Sigma correlations: many sightings of rules become one alert per episode.

What they mean is in docs/reference/correlations.md.
"""
