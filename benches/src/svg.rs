//! Pictures, drawn by hand: a curve of percentiles and bars side by side.
//!
//! They bring their background with them and follow the reader's choice of light or dark, so that
//! they can be read on any page.

use std::fmt::Write;

use crate::report::time;

const WIDTH: f64 = 760.0;

/// Background, words, side notes, lines, and the colours of the series: on light, and on dark.
const STYLE: &str = "\
.bg{fill:#fff;stroke:#d1d9e0}.t{fill:#1f2328}.n{fill:#59636e}.g{stroke:#d1d9e0}\
.c0{color:#0969da}.c1{color:#bc6a00}.c2{color:#1a7f37}.c3{color:#8250df}.c4{color:#cf222e}\
.c5{color:#59636e}
@media(prefers-color-scheme:dark){\
.bg{fill:#0d1117;stroke:#3d444d}.t{fill:#f0f6fc}.n{fill:#9198a1}.g{stroke:#3d444d}\
.c0{color:#4493f8}.c1{color:#db8d1f}.c2{color:#3fb950}.c3{color:#ab7df8}.c4{color:#f85149}\
.c5{color:#9198a1}}";
/// How many series have a colour of their own.
const SERIES: usize = 6;

/// Text that may stand inside an element.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn open(height: f64, title: &str) -> String {
    let name = escaped(title);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<title>{name}</title>\n<style>{STYLE}</style>\n\
         <rect x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{:.0}\" rx=\"6\" class=\"bg\"/>\n\
         <text x=\"16\" y=\"24\" font-size=\"15\" font-weight=\"bold\" class=\"t\">{name}</text>\n",
        WIDTH - 1.0,
        height - 1.0
    )
}

fn text(out: &mut String, (x, y): (f64, f64), anchor: &str, class: &str, words: &str) {
    let words = escaped(words);
    _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" class=\"{class}\">{words}</text>"
    );
}

fn line(out: &mut String, from: (f64, f64), to: (f64, f64)) {
    _ = writeln!(
        out,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" class=\"g\"/>",
        from.0, from.1, to.0, to.1
    );
}

fn rect(out: &mut String, (x, y): (f64, f64), width: f64, height: f64, series: usize) {
    _ = writeln!(
        out,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
         class=\"c{}\" fill=\"currentColor\"/>",
        series % SERIES
    );
}

/// Where a value lies between two others on a logarithmic scale, from 0 to 1.
fn log_share(value: f64, low: f64, high: f64) -> f64 {
    let span = (high / low).ln();
    if span > 0.0 { ((value / low).ln() / span).clamp(0.0, 1.0) } else { 0.0 }
}

/// Powers of ten around the values.
fn decades(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values
        .filter(|value| *value > 0.0)
        .fold((f64::MAX, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    if high <= 0.0 {
        return (1.0, 10.0);
    }
    let low = 10_f64.powf(low.log10().floor());
    let high = 10_f64.powf(high.log10().ceil());
    (low, if high > low { high } else { low * 10.0 })
}

fn steps(low: f64, high: f64) -> impl Iterator<Item = f64> {
    std::iter::successors(Some(low), |step| Some(step * 10.0))
        .take_while(move |step| *step <= high * 1.01)
}

/// Latency by percentile, one curve for each name: to the right each step is another nine, upwards
/// each step is ten times as long.
pub(crate) fn percentiles(title: &str, curves: &[(String, Vec<(f64, f64)>)]) -> String {
    const HEIGHT: f64 = 420.0;
    let (left, right, top, bottom) = (80.0, WIDTH - 20.0, 40.0, HEIGHT - 60.0);
    let points = || curves.iter().flat_map(|(_, points)| points);
    let (low, high) = decades(points().map(|(_, latency)| latency.max(1.0)));
    let last = points().map(|(inverse, _)| *inverse).fold(100.0, f64::max);
    let x = |inverse: f64| left + (right - left) * log_share(inverse, 1.0, last);
    let y = |latency: f64| bottom - (bottom - top) * log_share(latency.max(low), low, high);
    let mut out = open(HEIGHT, title);
    for step in steps(low, high) {
        line(&mut out, (left, y(step)), (right, y(step)));
        text(&mut out, (left - 6.0, y(step) + 4.0), "end", "n", &time(step));
    }
    let marks = [(2.0, "50 %"), (10.0, "90 %"), (100.0, "99 %"), (1e3, "99.9 %"), (1e4, "99.99 %")];
    for (inverse, name) in marks {
        if inverse <= last {
            line(&mut out, (x(inverse), top), (x(inverse), bottom));
            text(&mut out, (x(inverse), bottom + 16.0), "middle", "n", name);
        }
    }
    for (index, (name, points)) in curves.iter().enumerate() {
        let path = points.iter().map(|(i, l)| format!("{:.1},{:.1}", x(*i), y(*l)));
        let path = path.collect::<Vec<_>>().join(" ");
        _ = writeln!(
            out,
            "<polyline points=\"{path}\" fill=\"none\" class=\"c{}\" stroke=\"currentColor\" \
             stroke-width=\"2\"/>",
            index % SERIES
        );
        legend(&mut out, left, HEIGHT - 14.0, index, name);
    }
    out + "</svg>\n"
}

fn legend(out: &mut String, left: f64, y: f64, index: usize, name: &str) {
    let x = left + 150.0 * index as f64;
    rect(out, (x, y - 10.0), 12.0, 12.0, index);
    text(out, (x + 18.0, y), "start", "t", name);
}

/// A bar and what is written at its end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bar {
    pub(crate) value: f64,
    pub(crate) text: String,
}

/// A row of a bar chart: its name and a bar for each series.
pub(crate) type Row = (String, Vec<Option<Bar>>);

/// A bar chart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chart<'a> {
    pub(crate) title: &'a str,
    /// A line below the title: what was measured, where and when.
    pub(crate) note: &'a str,
    pub(crate) series: &'a [&'a str],
    pub(crate) rows: &'a [Row],
}

/// Bars side by side. Each row has a scale of its own, from nothing to its longest bar: what is
/// compared are the series, not the rows.
pub(crate) fn bars(chart: &Chart<'_>) -> String {
    const BAR: f64 = 14.0;
    let (left, right, top) = (230.0, WIDTH - 100.0, 84.0);
    let group = BAR * chart.series.len() as f64 + 12.0;
    let height = top + group * chart.rows.len() as f64 + 8.0;
    let mut out = open(height, chart.title);
    text(&mut out, (16.0, 43.0), "start", "n", chart.note);
    for (index, name) in chart.series.iter().enumerate() {
        legend(&mut out, left, 66.0, index, name);
    }
    line(&mut out, (left, top - 4.0), (left, height - 12.0));
    for (position, (name, bars)) in chart.rows.iter().enumerate() {
        let y = top + group * position as f64;
        let middle = y + BAR * chart.series.len() as f64 / 2.0 + 3.0;
        text(&mut out, (left - 10.0, middle), "end", "t", name);
        let longest = bars.iter().flatten().map(|bar| bar.value).fold(0.0, f64::max);
        for (index, bar) in bars.iter().enumerate() {
            let y = y + BAR * index as f64;
            let Some(bar) = bar else { continue };
            let share = if longest > 0.0 { (bar.value / longest).clamp(0.0, 1.0) } else { 0.0 };
            let width = ((right - left) * share).max(1.0);
            rect(&mut out, (left, y), width, BAR - 2.0, index);
            text(&mut out, (left + width + 5.0, y + 10.5), "start", "t", &bar.text);
        }
    }
    out + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_whole(svg: &str) {
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    fn chart(rows: &[Row]) -> String {
        bars(&Chart { title: "t", note: "n", series: &["a", "b"], rows })
    }

    fn bar(value: f64) -> Option<Bar> {
        Some(Bar { value, text: format!("{value} µs") })
    }

    #[test]
    fn a_curve_climbs_to_the_right() {
        let points = vec![(1.0, 100.0), (10.0, 1000.0), (100.0, 10_000.0)];
        let svg = percentiles("a < b", &[("lat".into(), points)]);
        is_whole(&svg);
        assert!(svg.contains("a &lt; b"));
        assert!(svg.contains("points=\"80.0,360.0 410.0,200.0 740.0,40.0\""), "{svg}");
    }

    #[test]
    fn pictures_of_nothing_are_pictures() {
        is_whole(&percentiles("none", &[]));
        is_whole(&percentiles("none", &[("lat".into(), Vec::new())]));
        is_whole(&chart(&[]));
        is_whole(&chart(&[("row".into(), vec![None])]));
        is_whole(&chart(&[("row".into(), vec![bar(0.0)])]));
    }

    #[test]
    fn the_longest_bar_of_each_row_fills_it() {
        let svg = chart(&[
            ("one".to_owned(), vec![bar(10.0), bar(40.0)]),
            ("two".to_owned(), vec![bar(8e6), None]),
        ]);
        is_whole(&svg);
        assert_eq!(svg.matches("width=\"430.0\"").count(), 2, "{svg}");
        assert!(svg.contains("width=\"107.5\"") && svg.contains("40 µs"), "{svg}");
    }

    #[test]
    fn they_can_be_read_on_light_and_on_dark() {
        let svg = chart(&[("row".to_owned(), vec![bar(1.0), bar(2.0)])]);
        assert!(svg.contains("class=\"bg\""), "a background of its own");
        let (light, dark) = STYLE.split_once("@media").unwrap();
        for class in svg.split("class=\"").skip(1).map(|rest| &rest[..rest.find('"').unwrap()]) {
            let rule = format!(".{class}{{");
            assert!(light.contains(&rule) && dark.contains(&rule), "{class}");
        }
    }
}
