"""Case file: text, from YAML, the command line or a paste, to cases and problems."""
