"""What generated environments are measured beside, where Isaac Lab has no task for the same robot."""
