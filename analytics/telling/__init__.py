"""The answer in people's words, in English, Swedish and Dutch. Each language has its own grammar."""
