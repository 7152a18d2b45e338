"""The REST API, version 1: what devices and programs may ask, and how they are answered."""
