"""The pages, one module each; all modules here are loaded."""
