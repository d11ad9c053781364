"""What everybody may read without signing in: no personal data, few requests at a time, only if it is switched on."""
