"""What comes in: video and approvals, and a simulated hall that sends both."""
