"""Effects, their errors, checks and grades: pure arithmetic on sums, no I/O in here."""
