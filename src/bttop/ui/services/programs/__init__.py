"""The services around running programs: prompts, reloads, the library and follow-up questions."""
