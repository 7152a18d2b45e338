"""The admin of people: one module for each thing staff look at."""

from people.admin import accounts, embedding_models, galleries, imports, persons  # noqa: F401
