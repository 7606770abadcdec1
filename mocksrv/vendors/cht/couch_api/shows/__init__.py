"""Functions of design documents that write the answer: shows, lists and updates."""
