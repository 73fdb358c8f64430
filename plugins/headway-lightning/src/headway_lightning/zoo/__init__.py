"""Networks for tables, as they were published."""
