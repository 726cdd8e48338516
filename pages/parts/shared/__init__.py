"""What several pages show: runs, pictures, jobs, words."""
