//! Numbers of a `reg` property (Devicetree Specification, section 6.3), with the size macros of
//! Zephyr's `dt-bindings/dt-util.h` and `mem.h`.

use super::Problem;
use super::scan::{Scanner, is_name};

/// Operands and expressions in each other, at most.
const DEPTH: u8 = 32;

/// The numbers between `<` and `>`, of all groups.
///
/// # Errors
/// When something else stands there.
pub(super) fn cells(text: &str, line: usize) -> Result<Vec<u32>, Problem> {
    let mut scan = Scanner::new(text, line);
    let mut cells = Vec::new();
    loop {
        scan.pass_space()?;
        scan.expect("<")?;
        loop {
            scan.pass_space()?;
            if scan.take(">") {
                break;
            }
            let line = scan.line();
            let value = operand(&mut scan, DEPTH)?;
            cells.push(u32::try_from(value).map_err(|_| {
                Problem::at(line, format!("{value} does not fit a cell of 32 bits"))
            })?);
        }
        scan.pass_space()?;
        if !scan.take(",") {
            break;
        }
    }
    match scan.peek() {
        None => Ok(cells),
        Some(c) => {
            Err(Problem::at(scan.line(), format!("expected a comma or a semicolon, got {c:?}")))
        }
    }
}

/// A number, a macro with its argument, or an expression in parentheses.
fn operand(scan: &mut Scanner<'_>, depth: u8) -> Result<i64, Problem> {
    let line = scan.line();
    let Some(depth) = depth.checked_sub(1) else {
        return Err(Problem::at(line, "too many parentheses in each other"));
    };
    scan.pass_space()?;
    if scan.take("(") {
        let value = expression(scan, depth, 0)?;
        scan.expect(")")?;
        return Ok(value);
    }
    if scan.take("-") {
        return operand(scan, depth).map(|value| -value);
    }
    let word = scan.word(|c| c.is_ascii_alphanumeric() || c == '_');
    match word.chars().next() {
        Some(c) if c.is_ascii_digit() => number(word, line),
        Some(_) => size_macro(scan, word, depth, line),
        None if scan.sees("&") => {
            scan.take("&");
            let label = scan.word(is_name);
            Err(Problem::at(line, format!("expected a number, got the reference &{label}")))
        }
        None => {
            scan.expect("a number")?;
            Ok(0)
        }
    }
}

/// The operators, by how tightly they bind.
const OPERATORS: [(&str, u8); 10] = [
    ("<<", 4),
    (">>", 4),
    ("|", 1),
    ("^", 2),
    ("&", 3),
    ("+", 5),
    ("-", 5),
    ("*", 6),
    ("/", 6),
    ("%", 6),
];

/// Operands and operators that bind tighter than `least`, from the left.
fn expression(scan: &mut Scanner<'_>, depth: u8, least: u8) -> Result<i64, Problem> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(Problem::at(scan.line(), "too many parentheses in each other"));
    };
    let mut value = operand(scan, depth)?;
    loop {
        scan.pass_space()?;
        let next = OPERATORS.iter().find(|(sign, _)| scan.sees(sign));
        let Some((sign, tight)) = next.filter(|(_, tight)| *tight > least) else {
            return Ok(value);
        };
        let line = scan.line();
        scan.take(sign);
        let right = expression(scan, depth, *tight)?;
        value = apply(sign, value, right).ok_or_else(|| {
            Problem::at(line, format!("{value} {sign} {right} cannot be computed"))
        })?;
    }
}

fn apply(sign: &str, left: i64, right: i64) -> Option<i64> {
    let shift = || u32::try_from(right).ok().filter(|right| *right < 32);
    let value = match sign {
        "+" => left.checked_add(right),
        "-" => left.checked_sub(right),
        "*" => left.checked_mul(right),
        "/" => left.checked_div(right),
        "%" => left.checked_rem(right),
        "<<" => left.checked_mul(1 << shift()?),
        ">>" => Some(left >> shift()?),
        "&" => Some(left & right),
        "|" => Some(left | right),
        _ => Some(left ^ right),
    };
    // Far from the bounds of the type, so that no sign can leave it.
    value.filter(|value| value.unsigned_abs() < 1 << 62)
}

fn number(word: &str, line: usize) -> Result<i64, Problem> {
    let plain = word.trim_end_matches(['u', 'U', 'l', 'L']);
    let hex = plain.strip_prefix("0x").or_else(|| plain.strip_prefix("0X"));
    let value = match hex {
        Some(hex) => u32::from_str_radix(hex, 16),
        None if plain.len() > 1 && plain.starts_with('0') => u32::from_str_radix(plain, 8),
        None => plain.parse(),
    };
    value.map(i64::from).map_err(|_| {
        Problem::at(line, format!("expected a whole number below 4 GiB, got {word:?}"))
    })
}

fn size_macro(scan: &mut Scanner<'_>, name: &str, depth: u8, line: usize) -> Result<i64, Problem> {
    let unit = match name {
        "DT_SIZE_K" => 1 << 10,
        "DT_SIZE_M" => 1 << 20,
        _ => {
            let problem = format!(
                "the macro {name} is not known here; write its number, or take the zephyr.dts of a \
                 build"
            );
            return Err(Problem::at(line, problem));
        }
    };
    scan.pass_space()?;
    scan.expect("(")?;
    let value = expression(scan, depth, 0)?;
    scan.expect(")")?;
    apply("*", value, unit)
        .ok_or_else(|| Problem::at(line, format!("{name}({value}) is too large")))
}
