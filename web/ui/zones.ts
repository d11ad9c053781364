// The page that says where staff and customers are in a camera's picture.
import "./zones/editor.js";
