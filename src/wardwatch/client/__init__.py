"""A typed client of our API (`/api/v1`): for programs in Python, and for the command line against a server.

from wardwatch.client.client import Client
from wardwatch.client.connection import Connection

with Connection("https://wardwatch.example", key) as connection:
    for group in Client(connection).alerts(level="high"):
        print(group.hospital, group.title)
"""
