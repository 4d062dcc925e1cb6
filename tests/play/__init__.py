"""The playground: its answers, its server under attack, and its page in a real browser."""
