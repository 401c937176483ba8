"""What the tests of osetra itself need: a simulated world, and a PostgreSQL server of their own."""
