//! The partition manager of the nRF Connect SDK: YAML, a mapping of partition names to their places
//! (nRF Connect SDK documentation, "Partition Manager", static configuration).

use super::{Partitions, Problem};
use flash_model::{Area, EXTERNAL_BASE};
use saphyr_parser::{Event, Parser, Span, StrInput};
use std::collections::BTreeMap;

/// Region of partitions that say none, which is the part's own flash.
const OWN_REGION: &str = "flash_primary";

/// Region of the external flash. Addresses in it count from its start.
const EXTERNAL_REGION: &str = "external_flash";

/// Partitions that hold settings, the usual one first.
const STORAGE: [&str; 3] = ["settings_storage", "nvs_storage", "littlefs_storage"];

/// Reads the partitions of a file.
pub(super) fn read(text: &str) -> Result<Partitions, Problem> {
    let table = Reader::new(text).table()?;
    let area = |name: &str| table.get(name).map(|entry| entry.area(name)).transpose();
    let slot = |name: &str| area(name)?.ok_or_else(|| missing(name));
    let storage = STORAGE.into_iter().find(|name| table.contains_key(*name));
    Ok(Partitions {
        boot: area("mcuboot")?,
        slots: [slot("mcuboot_primary")?, slot("mcuboot_secondary")?],
        scratch: area("mcuboot_scratch")?,
        storage: storage.map_or(Ok(None), area)?,
    })
}

fn missing(name: &str) -> Problem {
    Problem::whole(format!(
        "no partition {name}; take the partitions.yml of a build with MCUboot, or a pm_static.yml \
         that has it"
    ))
}

/// A partition as it stands in the file.
struct Entry {
    line: usize,
    /// Values that are plain words, with their lines.
    fields: BTreeMap<String, (String, usize)>,
}

impl Entry {
    fn area(&self, name: &str) -> Result<Area, Problem> {
        let base = match self.fields.get("region") {
            None => 0,
            Some((region, _)) if region == OWN_REGION => 0,
            Some((region, _)) if region == EXTERNAL_REGION => EXTERNAL_BASE,
            Some((region, line)) => {
                return Err(Problem::at(
                    *line,
                    format!(
                        "{name} lies in the region {region}: only partitions in the part's own \
                         flash ({OWN_REGION}) and in {EXTERNAL_REGION} are simulated"
                    ),
                ));
            }
        };
        let Area { start, len } = self.area_in_region(name)?;
        let start = start.checked_add(base).ok_or_else(|| {
            Problem::at(self.line, format!("{name}: the address is behind any external flash"))
        })?;
        Ok(Area::new(start, len))
    }

    fn area_in_region(&self, name: &str) -> Result<Area, Problem> {
        let field = |key| self.number(name, key);
        let (start, size, end) = (field("address")?, field("size")?, field("end_address")?);
        let bad = |what: &str| Err(Problem::at(self.line, format!("{name}: {what}")));
        match (start, size, end) {
            (Some(start), None, Some(end)) if end < start => bad("end_address is before address"),
            (None, Some(size), Some(end)) if end < size => bad("size is more than end_address"),
            (Some(start), Some(size), Some(end)) if start.checked_add(size) != Some(end) => {
                bad("address and size do not add up to end_address")
            }
            (Some(start), Some(size), _) => Ok(Area::new(start, size)),
            (Some(start), None, Some(end)) => Ok(Area::new(start, end - start)),
            (None, Some(size), Some(end)) => Ok(Area::new(end - size, size)),
            _ => {
                bad("two of address, size and end_address are needed; a pm.yml of the sources has \
                 none, the partitions.yml of a build has all")
            }
        }
    }

    fn number(&self, name: &str, key: &str) -> Result<Option<u32>, Problem> {
        let Some((word, line)) = self.fields.get(key) else { return Ok(None) };
        let digits = |radix, digits| u32::from_str_radix(digits, radix).ok();
        match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
            Some(hex) => digits(16, hex),
            None => digits(10, word),
        }
        .map(Some)
        .ok_or_else(|| {
            let problem = format!(
                "{name}: {key}: expected a whole number below 4 GiB, decimal or 0x..., got {word:?}"
            );
            Problem::at(*line, problem)
        })
    }
}

/// Pulls the table out of the stream of YAML events. Lists and deeper mappings are passed over, so
/// that an alias, of which generated files have many, costs nothing.
struct Reader<'t> {
    parser: Parser<'t, StrInput<'t>>,
    /// Values of anchored words.
    anchors: BTreeMap<usize, String>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        Self { parser: Parser::new_from_str(text), anchors: BTreeMap::new() }
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), Problem> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(e)) => Err(Problem::at(e.marker().line(), format!("not YAML: {}", e.info()))),
            None => Err(Problem::whole("not YAML: it ends too early")),
        }
    }

    fn table(&mut self) -> Result<BTreeMap<String, Entry>, Problem> {
        loop {
            match self.next()? {
                (Event::StreamStart | Event::DocumentStart(_), _) => {}
                (Event::MappingStart(..), _) => break,
                (_, span) => {
                    let line = span.start.line();
                    return Err(Problem::at(line, "expected partition names with their places"));
                }
            }
        }
        let mut table = BTreeMap::new();
        while let Some((name, line)) = self.key()? {
            let (event, _) = self.next()?;
            let fields = match event {
                Event::MappingStart(..) => self.fields()?,
                other => {
                    self.pass(&other)?;
                    BTreeMap::new()
                }
            };
            insert(&mut table, name, line, Entry { line, fields })?;
        }
        self.end()?;
        Ok(table)
    }

    fn fields(&mut self) -> Result<BTreeMap<String, (String, usize)>, Problem> {
        let mut fields = BTreeMap::new();
        while let Some((key, line)) = self.key()? {
            let (event, span) = self.next()?;
            if let Some(word) = self.word(&event) {
                insert(&mut fields, key, line, (word, span.start.line()))?;
            } else {
                self.pass(&event)?;
            }
        }
        Ok(fields)
    }

    /// The next key of a mapping, with its line; `None` at its end.
    fn key(&mut self) -> Result<Option<(String, usize)>, Problem> {
        let (event, span) = self.next()?;
        let line = span.start.line();
        if event == Event::MappingEnd {
            return Ok(None);
        }
        match self.word(&event) {
            Some(word) => Ok(Some((word, line))),
            None => Err(Problem::at(line, "expected a name and a colon")),
        }
    }

    /// The plain word that an event stands for.
    fn word(&mut self, event: &Event<'t>) -> Option<String> {
        match event {
            Event::Scalar(word, _, anchor, _) => {
                if *anchor != 0 {
                    self.anchors.insert(*anchor, word.to_string());
                }
                Some(word.to_string())
            }
            Event::Alias(anchor) => self.anchors.get(anchor).cloned(),
            _ => None,
        }
    }

    /// Goes behind the value that begins with an event.
    fn pass(&mut self, begin: &Event<'t>) -> Result<(), Problem> {
        let mut depth = depth_change(begin);
        while depth > 0 {
            let (event, _) = self.next()?;
            depth += depth_change(&event);
        }
        Ok(())
    }

    /// Nothing may follow the table.
    fn end(&mut self) -> Result<(), Problem> {
        loop {
            match self.next()? {
                (Event::DocumentEnd, _) => {}
                (Event::StreamEnd, _) => return Ok(()),
                (_, span) => {
                    let line = span.start.line();
                    return Err(Problem::at(line, "expected one YAML document, this is a second"));
                }
            }
        }
    }
}

fn depth_change(event: &Event<'_>) -> i64 {
    match event {
        Event::MappingStart(..) | Event::SequenceStart(..) => 1,
        Event::MappingEnd | Event::SequenceEnd => -1,
        _ => 0,
    }
}

fn insert<T>(
    map: &mut BTreeMap<String, T>,
    key: String,
    line: usize,
    value: T,
) -> Result<(), Problem> {
    if map.contains_key(&key) {
        return Err(Problem::at(line, format!("{key} stands here a second time")));
    }
    map.insert(key, value);
    Ok(())
}
