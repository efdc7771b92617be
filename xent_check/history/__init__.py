"""History: runs over time, saved, read again, judged again, gated and compared."""
