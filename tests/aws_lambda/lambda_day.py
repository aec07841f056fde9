"""The day that these tests export."""

DAY = "2025-11-20"
PER_DAY = 1_200
