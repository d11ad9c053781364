"""What is seen: people, zones, presence, absence, camera health."""
