"""RTSP packets to segments with honest time."""
