"""Films and pictures of what was watched, painted by the same scenes as the window."""
