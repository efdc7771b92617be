"""Problem: what is asked, and what may be answered. NumPy alone: it travels to any interpreter."""
