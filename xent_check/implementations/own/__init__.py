"""The user's own losses: found, called by name, and their answers read. Loaded in a worker."""
