"""Postgres and Valkey that come with the project, for machines that have none."""
