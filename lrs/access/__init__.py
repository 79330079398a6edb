"""Who may do what: tenants, and the keys that tools post with."""
