"""A client of RTSP cameras (RFC 2326): the conversation, the transports, and coded pictures out of RTP."""
