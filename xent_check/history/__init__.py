"""History: runs that are saved, read, judged again, merged, compared and gated."""
