// On every page: htmx, the theme, the alert feed.
import "htmx.org";
