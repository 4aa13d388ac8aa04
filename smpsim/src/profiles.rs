//! `smpsim profiles`.

use crate::output::{print, print_json};
use crate::{Refusal, Verdict};
use serde::Serialize;
use sim::profiles::{ALL, Difference, Era, differences, era, find};
use std::fmt::Write;

#[derive(Serialize)]
struct ListDocument {
    schema: &'static str,
    profiles: Vec<Era>,
}

#[derive(Serialize)]
struct DiffDocument {
    schema: &'static str,
    a: &'static str,
    b: &'static str,
    differences: Vec<Difference>,
}

const SCHEMA: &str = "smpsim.profiles/1";

/// Lists the eras, or tells what differs between the two of `diff`.
pub(crate) fn run(diff: Option<&[String]>, json: bool) -> Result<Verdict, Refusal> {
    let Some(names) = diff else {
        return list(json);
    };
    let [a, b] = names else {
        return Err(Refusal("--diff takes two profiles, such as --diff z32 z37".to_owned()));
    };
    let (a, b) = (find(a).map_err(Refusal::new)?, find(b).map_err(Refusal::new)?);
    let differences = differences(a, b);
    let (a, b) = (a.name(), b.name());
    if json {
        print_json(&DiffDocument { schema: SCHEMA, a, b, differences })?;
    } else {
        print(&table(a, b, &differences));
    }
    Ok(Verdict::Yes)
}

fn list(json: bool) -> Result<Verdict, Refusal> {
    let profiles = ALL.map(era);
    if json {
        print_json(&ListDocument { schema: SCHEMA, profiles: profiles.to_vec() })?;
        return Ok(Verdict::Yes);
    }
    for Era { name, zephyr, ncs, about } in profiles {
        print(&format!("{name}  Zephyr {zephyr:<14}  NCS {ncs:<13}  {about}\n"));
    }
    Ok(Verdict::Yes)
}

/// Widths of the three columns; with the gaps 100 columns.
const WIDTHS: [usize; 3] = [26, 35, 35];

fn table(a: &str, b: &str, differences: &[Difference]) -> String {
    if differences.is_empty() {
        return format!("A client cannot tell {a} from {b}.\n");
    }
    let mut text = String::new();
    row(&mut text, ["what", a, b]);
    for difference in differences {
        text.push('\n');
        row(&mut text, [difference.point, difference.a, difference.b]);
    }
    text
}

/// One row of cells, each broken into lines of its column's width.
fn row(text: &mut String, cells: [&str; 3]) {
    let columns = [0, 1, 2].map(|n| broken(cells[n], WIDTHS[n]));
    let height = columns.iter().map(Vec::len).max().unwrap_or(0);
    for line in 0..height {
        let [first, second, third] =
            [0, 1, 2].map(|n| columns[n].get(line).map_or("", String::as_str));
        let [w0, w1, _] = WIDTHS;
        let whole = format!("{first:<w0$}  {second:<w1$}  {third}");
        let _ = writeln!(text, "{}", whole.trim_end());
    }
}

/// Breaks text between words.
fn broken(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last().map_or(0, String::len);
        if line > 0 && line + 1 + word.len() > width {
            lines.push(String::new());
        }
        let line = lines.last_mut().expect("it begins with one line");
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{WIDTHS, broken};
    use sim::profiles::{ALL, differences};

    #[test]
    fn every_cell_fits_its_column() {
        for (a, b) in ALL.into_iter().flat_map(|a| ALL.map(|b| (a, b))) {
            for difference in differences(a, b) {
                let cells = [difference.point, difference.a, difference.b];
                for (cell, width) in cells.into_iter().zip(WIDTHS) {
                    let lines = broken(cell, width);
                    assert!(lines.iter().all(|line| line.len() <= width), "{cell}");
                    assert_eq!(
                        lines.join(" "),
                        cell.split_whitespace().collect::<Vec<_>>().join(" ")
                    );
                }
            }
        }
    }
}
