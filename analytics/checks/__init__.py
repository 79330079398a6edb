"""Checks that can take a claim away: each is one number with one degree of freedom, then a flag."""
