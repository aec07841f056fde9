"""The day that these tests export."""

DAY = "2025-11-20"
