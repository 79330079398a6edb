"""Joins learning to business outcomes, and answers honestly: effect, interval, evidence, money."""
