//! Just enough of SVG.

use std::fmt::Write;

/// A drawing that grows.
pub(super) struct Svg {
    body: String,
}

/// Which side of its position a text is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    pub(super) fn new() -> Self {
        Self { body: String::new() }
    }

    /// A rectangle; `paint` is its class or fill as attributes.
    pub(super) fn rect(&mut self, (x, y): (f64, f64), (w, h): (f64, f64), paint: &str) {
        let _ = writeln!(
            self.body,
            r#"<rect x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}" {paint}/>"#
        );
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _ = writeln!(
            self.body,
            r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" class="{class}"/>"#
        );
    }

    pub(super) fn circle(&mut self, (x, y): (f64, f64), r: f64, class: &str) {
        let _ =
            writeln!(self.body, r#"<circle cx="{x:.1}" cy="{y:.1}" r="{r:.1}" class="{class}"/>"#);
    }

    pub(super) fn polyline(&mut self, points: &[(f64, f64)], class: &str) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(self.body, r#"<polyline points="{}" class="{class}"/>"#, points.join(" "));
    }

    /// A text; `paint` is its class or fill as attributes.
    pub(super) fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, paint: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let _ = writeln!(
            self.body,
            r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" {paint}>{}</text>"#,
            escape(text)
        );
    }

    /// Draws a group that says `title` when it is pointed at.
    pub(super) fn titled(&mut self, title: &str, draw: impl FnOnce(&mut Self)) {
        let _ = writeln!(self.body, "<g><title>{}</title>", escape(title));
        draw(self);
        self.body.push_str("</g>\n");
    }

    /// The drawing, in a box that can be scrolled where the window is narrow.
    pub(super) fn finish(self, width: f64, height: f64, label: &str) -> String {
        format!(
            "<div class=\"scroll\"><svg width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" aria-label=\"{}\">\n{}</svg></div>\n",
            escape(label),
            self.body
        )
    }
}

/// Text as HTML and SVG take it.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Room that a text takes at 12 px, a little more than it needs.
pub(super) fn width_of(text: &str) -> f64 {
    text.chars().count() as f64 * 7.2
}

/// An axis from figures to places on the drawing.
pub(super) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    log: bool,
}

/// Figures this much apart are drawn on a logarithmic axis.
const FAR_APART: f64 = 30.0;

impl Scale {
    /// An axis for figures above zero, drawn from `from` to `to`.
    pub(super) fn new(figures: impl Iterator<Item = f64> + Clone, from: f64, to: f64) -> Self {
        let high = figures.clone().fold(0.0, f64::max);
        let least = figures.filter(|figure| *figure > 0.0).fold(f64::INFINITY, f64::min);
        let high = if high > 0.0 { high } else { 1.0 };
        let log = least.is_finite() && high / least > FAR_APART;
        let low = if log { least / 1.2 } else { 0.0 };
        Self { low, high: high * if log { 1.2 } else { 1.05 }, from, to, log }
    }

    pub(super) fn is_log(&self) -> bool {
        self.log
    }

    /// Where a figure is.
    pub(super) fn place(&self, figure: f64) -> f64 {
        let part = if self.log {
            (figure.max(self.low) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (figure - self.low) / (self.high - self.low)
        };
        self.from + part * (self.to - self.from)
    }

    /// Round figures along the axis.
    pub(super) fn ticks(&self) -> Vec<f64> {
        let mut ticks = Vec::new();
        if self.log {
            let mut decade = 10_f64.powi(self.low.log10().floor() as i32);
            while decade <= self.high {
                ticks.extend([1.0, 2.0, 5.0].map(|step| step * decade));
                decade *= 10.0;
            }
        } else {
            let rough = self.high / 6.0;
            let decade = 10_f64.powi(rough.log10().floor() as i32);
            let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|s| s * decade).find(|s| *s >= rough);
            let step = step.unwrap_or(rough);
            ticks.extend((0..=12).map(|i| f64::from(i) * step));
        }
        ticks.retain(|tick| (self.low..=self.high).contains(tick));
        ticks
    }
}

/// A figure of an axis.
pub(super) fn tick_label(tick: f64) -> String {
    let text = format!("{tick:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Scale, tick_label};

    #[test]
    fn axes_have_a_few_round_ticks_whatever_they_show() {
        for figures in [vec![23.861], vec![0.0], vec![], vec![0.002, 400.0], vec![1.0, 29.0]] {
            let scale = Scale::new(figures.iter().copied(), 0.0, 600.0);
            let ticks = scale.ticks();
            assert!((2..=24).contains(&ticks.len()), "{figures:?}: {ticks:?}");
            for figure in figures.iter().chain(&ticks) {
                let place = scale.place(*figure);
                assert!((0.0..=600.0).contains(&place), "{figure} is at {place}");
            }
        }
        assert_eq!(tick_label(0.5), "0.5");
        assert_eq!(tick_label(200.0), "200");
    }
}
