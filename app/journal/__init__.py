"""What must not be lost: jobs, results and logs survive a crash and a lost connection."""
