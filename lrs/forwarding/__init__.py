"""Statements to and from other systems: forwarded, told to webhooks, pulled from other stores."""
