"""The log in a PostgreSQL database: many machines write it at once."""

from osetra.stores.postgres.server import create_database
from osetra.stores.postgres.store import PostgresStore, studies

__all__ = ["PostgresStore", "create_database", "studies"]
