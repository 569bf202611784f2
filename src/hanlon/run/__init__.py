"""One command: `launch` composes, `plan` reads the store, `conduct` opens, samples, labels, logs and prints."""
