"""Workers: a process per environment, which is started, asked, timed out and started again."""
