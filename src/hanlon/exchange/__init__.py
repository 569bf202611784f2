"""What goes in and out of the store: tables of other people's rollouts or counts, and files for other programs."""
