//! Drawings: the structure of a graph as a value, and the formats it can be written in.
//!
//! `drawing` makes the value; `mermaid` and `dot` write it for programs that lay it out, `svg` lays it out itself:
//! `layout` puts boxes in layers (`layer`), adds the bends of long edges (`grid`), orders each row (`order`), finds
//! its coordinates (`place`) and the way of every edge (`route`).

pub(crate) mod drawing;
mod mermaid;
mod dot;
mod svg;
mod picture;
mod path;
mod text;
mod layout;
mod layer;
mod grid;
mod order;
mod place;
mod route;
