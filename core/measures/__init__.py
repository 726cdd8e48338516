"""Results of one run: how well it reads or redraws digits, and what that is compared with."""
