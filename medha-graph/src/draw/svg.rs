//! A picture as SVG. Colours and fonts are attributes, not a style sheet, so that it does not change a page it is put in.

use std::fmt::Write;

use super::drawing::Drawing;
use super::layout::{Point, Size};
use super::path::{path, short};
use super::picture::{ABOVE_TITLE, Frame, LABEL, LINE, MARGIN, NAME, Pen, Picture, Shape, size_of};
use super::text::is_forbidden;

const INK: &str = "#475569";
const RED: &str = "#b91c1c";
const PAPER: &str = "#ffffff";
const FONTS: &str = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace";

pub(super) fn write(drawing: &Drawing) -> String {
    let picture = Picture::new(drawing);
    let Size { width, height } = picture.layout.size;
    let (width, height) = ((width + 2.0 * MARGIN).ceil(), (height + 2.0 * MARGIN).ceil());
    let mut svg = Svg(String::new());
    svg.line(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" font-family=\"{FONTS}\" font-size=\"{NAME}\" text-anchor=\"middle\" stroke-width=\"1.2\">"
    ));
    svg.line(format_args!("<title>{}</title>", escape(drawing.name())));
    svg.line(format_args!("<defs>"));
    for (id, colour) in [("medha-arrow", INK), ("medha-arrow-error", RED)] {
        svg.line(format_args!(
            "<marker id=\"{id}\" viewBox=\"0 0 10 10\" refX=\"9.5\" refY=\"5\" markerWidth=\"7\" markerHeight=\"7\" \
             orient=\"auto\"><path d=\"M0 1 10 5 0 9z\" fill=\"{colour}\"/></marker>"
        ));
    }
    svg.line(format_args!("</defs>"));
    svg.line(format_args!("<rect width=\"{width}\" height=\"{height}\" fill=\"{PAPER}\"/>"));
    svg.picture(&picture, Point { x: MARGIN, y: MARGIN });
    svg.line(format_args!("</svg>"));
    svg.0
}

struct Svg(String);

impl Svg {
    /// Lines below boxes, and labels above everything.
    fn picture(&mut self, picture: &Picture, origin: Point) {
        let at = |point: &Point| Point { x: point.x + origin.x, y: point.y + origin.y };
        self.line(format_args!("<g fill=\"none\" stroke=\"{INK}\">"));
        for (stroke, route) in picture.strokes.iter().zip(&picture.layout.routes) {
            // Where a line runs into another one, that one has the arrow.
            let arrow = if route.own == route.points.len() { arrow(stroke.pen) } else { "" };
            let (d, style, title) = (path(route, origin), style(stroke.pen), escape(&stroke.title));
            self.line(format_args!(
                "<path class=\"edge\" d=\"{d}\"{style}{arrow}><title>{title}</title></path>"
            ));
        }
        self.line(format_args!("</g>"));
        for (frame, centre) in picture.frames.iter().zip(&picture.layout.centres) {
            self.frame(frame, at(centre));
        }
        for (stroke, route) in picture.strokes.iter().zip(&picture.layout.routes) {
            if let Some(centre) = &route.label {
                self.label(&stroke.lines, stroke.pen, at(centre));
            }
        }
    }

    fn frame(&mut self, frame: &Frame, centre: Point) {
        let class = match frame.shape {
            Shape::End => "end",
            Shape::Node => "node",
            Shape::Subgraph => "subgraph",
            Shape::Join => "join",
        };
        let dashes = if frame.is_dashed { " stroke-dasharray=\"5 3\"" } else { "" };
        self.line(format_args!("<g class=\"{class}\"><title>{}</title>", escape(&frame.title)));
        match frame.shape {
            Shape::End => self.rect(centre, frame.size, frame.size.height / 2.0, "#e2e8f0", dashes),
            Shape::Node => self.rect(centre, frame.size, 6.0, "#f8fafc", dashes),
            Shape::Subgraph => self.rect(centre, frame.size, 6.0, PAPER, dashes),
            Shape::Join => self.hexagon(centre, frame.size),
        }
        let top = centre.y - frame.size.height / 2.0 + ABOVE_TITLE;
        match &frame.inner {
            None if frame.shape == Shape::Join => {
                self.text(&frame.lines, centre, LABEL, format_args!(" font-size=\"{LABEL}\""));
            }
            None => self.text(&frame.lines, centre, NAME, format_args!("")),
            Some(inner) => {
                let height = size_of(&frame.lines, NAME).height;
                let title = Point { x: centre.x, y: top + height / 2.0 };
                self.text(&frame.lines, title, NAME, format_args!(" font-weight=\"bold\""));
                let x = centre.x - inner.layout.size.width / 2.0;
                self.picture(inner, Point { x, y: top + height + MARGIN });
            }
        }
        self.line(format_args!("</g>"));
    }

    fn rect(&mut self, centre: Point, size: Size, round: f64, fill: &str, dashes: &str) {
        self.line(format_args!(
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\" fill=\"{fill}\" stroke=\"{INK}\"{dashes}/>",
            short(centre.x - size.width / 2.0),
            short(centre.y - size.height / 2.0),
            short(size.width),
            short(size.height),
            short(round)
        ));
    }

    fn hexagon(&mut self, centre: Point, size: Size) {
        let (left, right) = (short(centre.x - size.width / 2.0), short(centre.x + size.width / 2.0));
        let (top, bottom) = (short(centre.y - size.height / 2.0), short(centre.y + size.height / 2.0));
        let (inner_left, inner_right) = (short(left + 6.0), short(right - 6.0));
        self.line(format_args!(
            "<path d=\"M{left} {y}L{inner_left} {top}H{inner_right}L{right} {y}L{inner_right} {bottom}H{inner_left}z\" \
             fill=\"#f1f5f9\" stroke=\"{INK}\"/>",
            y = short(centre.y)
        ));
    }

    /// The line runs behind its label, so the label brings its own ground.
    fn label(&mut self, lines: &[String], pen: Pen, centre: Point) {
        let Size { width, height } = size_of(lines, LABEL);
        self.line(format_args!(
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{PAPER}\"/>",
            short(centre.x - width / 2.0),
            short(centre.y - height / 2.0),
            short(width),
            short(height)
        ));
        let colour = if pen == Pen::Error { RED } else { "#334155" };
        self.text(lines, centre, LABEL, format_args!(" fill=\"{colour}\" font-size=\"{LABEL}\""));
    }

    fn text(&mut self, lines: &[String], centre: Point, font: f64, settings: std::fmt::Arguments<'_>) {
        // The middle of a line of small letters is about a third of the font size above its base.
        let first = centre.y + font * (0.34 - LINE * (lines.len() as f64 - 1.0) / 2.0);
        for (number, line) in lines.iter().enumerate() {
            let (x, y) = (short(centre.x), short(first + number as f64 * LINE * font));
            self.line(format_args!("<text x=\"{x}\" y=\"{y}\"{settings}>{}</text>", escape(line)));
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{line}");
    }
}

fn style(pen: Pen) -> &'static str {
    match pen {
        Pen::Solid | Pen::Bare => "",
        Pen::Dashed => " stroke-dasharray=\"5 3\"",
        Pen::Dotted => " stroke-dasharray=\"1.5 3\"",
        Pen::Error => " stroke=\"#b91c1c\" stroke-dasharray=\"5 3\"",
    }
}

fn arrow(pen: Pen) -> &'static str {
    match pen {
        Pen::Bare => "",
        Pen::Solid | Pen::Dashed | Pen::Dotted => " marker-end=\"url(#medha-arrow)\"",
        Pen::Error => " marker-end=\"url(#medha-arrow-error)\"",
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other if is_forbidden(other) => escaped.push(char::REPLACEMENT_CHARACTER),
            other => escaped.push(other),
        }
    }
    escaped
}
