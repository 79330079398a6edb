"""Where statements are kept: schema, migrations, writing and reading, on SQLite and PostgreSQL."""
