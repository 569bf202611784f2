"""Transcripts with known labels, and how a judge does on them."""
