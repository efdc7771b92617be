"""What the tests share: oracles, problems, fakes, and the real command."""
