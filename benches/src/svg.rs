//! Pictures, drawn by hand: a curve of percentiles and bars side by side.

use std::fmt::Write;

use crate::report::{count, time};

const WIDTH: f64 = 760.0;
const COLOURS: [&str; 6] = ["#1f6feb", "#d9822b", "#2da44e", "#8250df", "#cf222e", "#57606a"];

/// Text that may stand inside an element.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn open(height: f64, title: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"{}\" y=\"22\" font-size=\"15\" text-anchor=\"middle\">{}</text>\n",
        WIDTH / 2.0,
        escaped(title)
    )
}

fn text(out: &mut String, x: f64, y: f64, anchor: &str, words: &str) {
    let words = escaped(words);
    _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"#24292f\">{words}</text>"
    );
}

fn line(out: &mut String, from: (f64, f64), to: (f64, f64)) {
    _ = writeln!(
        out,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"#d0d7de\"/>",
        from.0, from.1, to.0, to.1
    );
}

fn colour(index: usize) -> &'static str {
    COLOURS[index % COLOURS.len()]
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
        text(&mut out, left - 6.0, y(step) + 4.0, "end", &time(step));
    }
    let marks = [(2.0, "50 %"), (10.0, "90 %"), (100.0, "99 %"), (1e3, "99.9 %"), (1e4, "99.99 %")];
    for (inverse, name) in marks {
        if inverse <= last {
            line(&mut out, (x(inverse), top), (x(inverse), bottom));
            text(&mut out, x(inverse), bottom + 16.0, "middle", name);
        }
    }
    for (index, (name, points)) in curves.iter().enumerate() {
        let path = points.iter().map(|(i, l)| format!("{:.1},{:.1}", x(*i), y(*l)));
        let path = path.collect::<Vec<_>>().join(" ");
        _ = writeln!(
            out,
            "<polyline points=\"{path}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>",
            colour(index)
        );
        legend(&mut out, left, HEIGHT - 14.0, index, name);
    }
    out + "</svg>\n"
}

fn legend(out: &mut String, left: f64, y: f64, index: usize, name: &str) {
    let x = left + 150.0 * index as f64;
    let fill = colour(index);
    _ = writeln!(
        out,
        "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"12\" height=\"12\" fill=\"{fill}\"/>",
        y - 10.0
    );
    text(out, x + 18.0, y, "start", name);
}

/// A row of a bar chart: its name and a value for each series.
pub(crate) type Bars = (String, Vec<Option<f64>>);

/// Bars side by side on a logarithmic scale; `unit` follows the numbers.
pub(crate) fn bars(title: &str, unit: &str, series: &[&str], rows: &[Bars]) -> String {
    const BAR: f64 = 13.0;
    let (left, right, top) = (230.0, WIDTH - 90.0, 60.0);
    let group = BAR * series.len() as f64 + 10.0;
    let height = top + group * rows.len() as f64 + 20.0;
    let values = rows.iter().flat_map(|(_, values)| values.iter().flatten().copied());
    let (low, high) = decades(values);
    let x = |value: f64| left + (right - left) * log_share(value.max(low), low, high);
    let mut out = open(height, title);
    for (index, name) in series.iter().enumerate() {
        legend(&mut out, left, 46.0, index, name);
    }
    for step in steps(low, high) {
        line(&mut out, (x(step), top), (x(step), height - 16.0));
    }
    for (row, (name, values)) in rows.iter().enumerate() {
        let y = top + group * row as f64;
        text(&mut out, left - 8.0, y + group / 2.0, "end", name);
        for (index, value) in values.iter().enumerate() {
            let Some(value) = value else { continue };
            let (y, end, fill) = (y + BAR * index as f64, x(*value), colour(index));
            _ = writeln!(
                out,
                "<rect x=\"{left}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" \
                 fill=\"{fill}\"/>",
                (end - left).max(1.0),
                BAR - 2.0
            );
            let words = format!("{}{unit}", count(*value));
            text(&mut out, end.max(left) + 4.0, y + 10.0, "start", &words);
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
        is_whole(&bars("none", "", &["a", "b"], &[]));
        is_whole(&bars("none", "", &["a"], &[("row".into(), vec![None])]));
        is_whole(&bars("zero", "", &["a"], &[("row".into(), vec![Some(0.0)])]));
    }

    #[test]
    fn ten_times_as_much_is_a_decade_longer() {
        let rows = [("row".to_owned(), vec![Some(10.0), Some(100.0)])];
        let svg = bars("t", " µs", &["a", "b"], &rows);
        is_whole(&svg);
        assert!(svg.contains("width=\"1.0\"") && svg.contains("width=\"440.0\""), "{svg}");
        assert!(svg.contains("100 µs"));
    }
}
