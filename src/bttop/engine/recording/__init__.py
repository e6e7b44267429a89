"""Records a session, and replays a recording as a session."""
