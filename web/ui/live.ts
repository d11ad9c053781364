// Pages with live pictures.
import "./live/tile.js";
