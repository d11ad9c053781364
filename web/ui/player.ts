// Pages with recorded footage.
import "./player/clip.js";
import "./player/span.js";
import "./player/timeline.js";
