"""Engines run the pipeline's stages: here, on all cores, or on a cluster. They differ in speed, never in results.

The protocol they keep is `wardwatch.pipeline.scan.Engine`.
"""
