//! What an evaluation found, as pictures (SVG): alarms against what was labelled, curves with their windows, expected against true.

use super::report::Prediction;
use plotters::{
    chart::ChartBuilder,
    drawing::{DrawingAreaErrorKind, IntoDrawingArea},
    element::{Circle, PathElement, Rectangle},
    series::LineSeries,
    style::{BLACK, Color, RGBColor, WHITE},
};
use plotters_svg::SVGBackend;
use thiserror::Error;

const WIDTH: u32 = 900;
const LABELLED: RGBColor = RGBColor(190, 205, 220);
const ALARM: RGBColor = RGBColor(200, 30, 40);
const CURVE: RGBColor = RGBColor(60, 70, 85);
/// Points of one curve, at most.
const MOST_POINTS: usize = 1_500;

/// The drawing library refused.
#[derive(Debug, Error)]
#[error("a picture could not be drawn: {0}")]
pub struct NotDrawn(String);

impl<E: std::error::Error + Send + Sync> From<DrawingAreaErrorKind<E>> for NotDrawn {
    fn from(cause: DrawingAreaErrorKind<E>) -> Self {
        Self(cause.to_string())
    }
}

/// One picture and its name, for a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    pub name: String,
    pub title: String,
    pub svg: String,
}

/// One strip a file: what is labelled is shaded, what was in alarm is a bar below it.
pub fn strips(name: &str, predictions: &[Prediction]) -> Result<Picture, NotDrawn> {
    let files: Vec<&[Prediction]> = predictions.chunk_by(|one, next| one.file == next.file).collect();
    let height = 60 + 26 * u32::try_from(files.len()).unwrap_or(1);
    let (first, last) = (predictions.iter().map(|row| row.row).min().unwrap_or(0), predictions.iter().map(|row| row.row + 1).max().unwrap_or(1));
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        area.fill(&WHITE)?;
        let names: Vec<String> = files.iter().map(|rows| rows[0].file.clone()).collect();
        let mut chart = ChartBuilder::on(&area)
            .margin(10)
            .x_label_area_size(34)
            .y_label_area_size(110)
            .build_cartesian_2d(first as f64..last as f64, 0.0..files.len() as f64)?;
        let named = |place: &f64| names.len().checked_sub(*place as usize + 1).and_then(|at| names.get(at)).cloned().unwrap_or_default();
        chart.configure_mesh().disable_mesh().x_desc("row").y_labels(files.len() + 1).y_label_offset(-13).y_label_formatter(&named).draw()?;
        for (place, rows) in files.iter().enumerate() {
            let bottom = (files.len() - 1 - place) as f64;
            let bar = |from: usize, to: usize, [low, high]: [f64; 2], color: RGBColor| {
                Rectangle::new([(from as f64, bottom + low), (to as f64, bottom + high)], color.filled())
            };
            chart.draw_series(spans(rows, |row| row.anomalous).map(|(from, to)| bar(from, to, [0.1, 0.9], LABELLED)))?;
            chart.draw_series(spans(rows, |row| row.alarm == 1).map(|(from, to)| bar(from, to, [0.15, 0.45], ALARM)))?;
        }
        area.present()?;
    }
    Ok(Picture { name: name.into(), title: "Shaded: labelled as faulty. Red: in alarm.".into(), svg })
}

/// One file's values, its labelled windows shaded and its alarms marked. `None` without values.
pub fn curve(rows: &[Prediction]) -> Result<Option<Picture>, NotDrawn> {
    let Some(file) = rows.first().map(|row| row.file.clone()) else { return Ok(None) };
    let values = || rows.iter().filter_map(|row| Some((row.row as f64, row.value?)));
    let (low, high) = values().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (_, value)| (low.min(value), high.max(value)));
    if !low.is_finite() || low >= high {
        return Ok(None);
    }
    let every = rows.len().div_ceil(MOST_POINTS).max(1);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, 260)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart =
            ChartBuilder::on(&area).margin(10).x_label_area_size(34).y_label_area_size(60).build_cartesian_2d(0.0..rows.len() as f64, low..high)?;
        chart.configure_mesh().disable_mesh().x_desc("row").draw()?;
        let window = |(from, to): (usize, usize)| Rectangle::new([(from as f64, low), (to as f64, high)], LABELLED.filled());
        chart.draw_series(spans(rows, |row| row.anomalous).map(window))?;
        chart.draw_series(LineSeries::new(values().step_by(every), &CURVE))?;
        let mark = |row: &Prediction| PathElement::new(vec![(row.row as f64, low), (row.row as f64, high)], ALARM.stroke_width(2));
        chart.draw_series(rows.iter().filter(|row| row.alarm == 1).map(mark))?;
        area.present()?;
    }
    let name = file.trim_end_matches(".csv").replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
    Ok(Some(Picture { name, title: format!("{file}. Shaded: labelled windows. Red: alarms."), svg }))
}

/// Expected against true, with the line on which they are the same.
pub fn scatter(name: &str, title: &str, unit: &str, pairs: &[(f64, f64)]) -> Result<Picture, NotDrawn> {
    let most = pairs.iter().fold(1.0_f64, |most, (expected, truth)| most.max(*expected).max(*truth));
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (560, 460)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area).margin(14).x_label_area_size(40).y_label_area_size(56).build_cartesian_2d(0.0..most, 0.0..most)?;
        chart.configure_mesh().disable_mesh().x_desc(format!("true, {unit}")).y_desc(format!("expected, {unit}")).draw()?;
        chart.draw_series(LineSeries::new([(0.0, 0.0), (most, most)], &BLACK.mix(0.4)))?;
        chart.draw_series(pairs.iter().map(|(expected, truth)| Circle::new((*truth, *expected), 2, CURVE.mix(0.6).filled())))?;
        area.present()?;
    }
    Ok(Picture { name: name.into(), title: title.into(), svg })
}

/// Runs of rows for which it holds: from the first row to behind the last.
fn spans(rows: &[Prediction], holds: impl Fn(&Prediction) -> bool) -> impl Iterator<Item = (usize, usize)> {
    let runs: Vec<(usize, usize)> = rows
        .chunk_by(|one, next| holds(one) == holds(next))
        .filter(|run| holds(&run[0]))
        .map(|run| (run[0].row, run[run.len() - 1].row + 1))
        .collect();
    runs.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Prediction> {
        let row = |file: &str, row: usize| Prediction {
            file: file.into(),
            row,
            score: 0.0,
            alarm: u8::from(row > 450),
            change: false,
            anomalous: (430..480).contains(&row),
            value: Some(row as f64),
        };
        (400..500).map(|number| row("0.csv", number)).chain((400..500).map(|number| row("1.csv", number))).collect()
    }

    #[test]
    fn runs_begin_and_end_where_they_do() {
        assert_eq!(spans(&rows()[..100], |row| row.anomalous).collect::<Vec<_>>(), [(430, 480)]);
        assert_eq!(spans(&rows()[..100], |row| row.alarm == 1).collect::<Vec<_>>(), [(451, 500)]);
    }

    #[test]
    fn each_picture_is_one_svg_with_its_labels() {
        let strips = strips("skab", &rows()).unwrap().svg;
        assert!(strips.starts_with("<svg") && strips.trim_end().ends_with("</svg>") && strips.contains("0.csv") && strips.contains("1.csv"));
        let drawn = curve(&rows()[..100]).unwrap().unwrap();
        assert_eq!((drawn.name.as_str(), drawn.svg.matches("<svg").count()), ("0", 1));
        assert!(scatter("x", "y", "cycles", &[(1.0, 2.0)]).unwrap().svg.contains("true, cycles"));
        assert_eq!(curve(&[]).unwrap(), None);
    }
}
