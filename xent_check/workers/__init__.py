"""Workers: a process per environment, which answers problems and is restarted when it dies."""
