"""What a hospital has: assets, zones, clinical services, and which care stands on which asset."""
