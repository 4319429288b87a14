//! Curves on logarithmic axes, as SVG.

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;

use crate::measure::{Kind, Metric, Row};

/// Told apart by the colour-blind too, on light and on dark; ours is the first.
const COLOURS: [(u8, u8, u8); 8] = [
    (214, 69, 0),
    (0, 114, 178),
    (0, 158, 115),
    (170, 100, 150),
    (150, 120, 0),
    (86, 160, 213),
    (130, 130, 130),
    (120, 90, 200),
];

pub fn curves(
    path: &Path,
    label: &str,
    along: &str,
    x: &[usize],
    rows: &[Row],
    of: Metric,
    dark: bool,
) -> Result<(), Box<dyn Error>> {
    let (paper, ink, faint) = if dark {
        (RGBColor(13, 17, 23), RGBColor(201, 209, 217), RGBColor(48, 54, 61))
    } else {
        (RGBColor(255, 255, 255), RGBColor(31, 35, 40), RGBColor(216, 222, 228))
    };
    let area = SVGBackend::new(path, (760, 420)).into_drawing_area();
    area.fill(&paper)?;
    let all = || rows.iter().flat_map(|row| &row.subjects).map(|subject| subject.median(of).max(0.1));
    let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(0.0, f64::max));
    let (first, last) = (x[0] as f64, x[x.len() - 1] as f64);
    let text = |size| ("sans-serif", size).into_font().color(&ink);
    // The right margin is for the names.
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .margin_right(150)
        .x_label_area_size(40)
        .y_label_area_size(64)
        .build_cartesian_2d((first..last).log_scale().base(2.0), (low * 0.8..high * 1.25).log_scale())?;
    chart
        .configure_mesh()
        .x_desc(along)
        .y_desc(label)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| if *y < 1.0 { format!("{y}") } else { format!("{y:.0}") })
        .axis_style(ink)
        .bold_line_style(faint)
        .light_line_style(TRANSPARENT)
        .label_style(text(13))
        .axis_desc_style(text(14))
        .draw()?;
    for (index, subject) in rows[0].subjects.iter().enumerate() {
        let (r, g, b) = COLOURS[index % COLOURS.len()];
        let style = RGBColor(r, g, b).stroke_width(if subject.kind == Kind::Ours { 4 } else { 2 });
        let points = x.iter().zip(rows).map(|(&x, row)| (x as f64, row.subjects[index].median(of).max(0.1)));
        chart.draw_series(LineSeries::new(points, style))?;
        let top = 20 + 20 * index as i32;
        area.draw(&PathElement::new([(622, top + 7), (642, top + 7)], style))?;
        area.draw(&Text::new(subject.name, (648, top), text(13)))?;
    }
    area.present()?;
    Ok(())
}
