"""The services that commands use: running programs, library, themes, recordings, time and the screen."""
