"""What visits cost, what has been paid, and what goes back. Nothing here leaves the process."""
