"""Changing the embedding model behind a service that goes on: runs, the switch, and back."""
