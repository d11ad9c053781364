"""Where everything meets: command line, settings, pages, live video."""
