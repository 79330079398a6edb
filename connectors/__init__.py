"""People, teams and outcomes: who a learner is, over time, and what the business saw."""
