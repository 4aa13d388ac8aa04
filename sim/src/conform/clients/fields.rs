//! Fields of a JSON object, read so that none goes unnoticed and a strange one gets a message.

use crate::conform::difference::Difference;
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// An object and which of its fields were read.
pub(super) struct Fields<'j> {
    /// Where it stands, for messages.
    place: &'static str,
    object: &'j Map<String, Value>,
    read: RefCell<BTreeSet<&'j str>>,
}

impl<'j> Fields<'j> {
    /// The object under `key` of a case.
    pub(super) fn of(case: &'j Value, key: &'static str) -> Result<Self, Difference> {
        let object = case[key]
            .as_object()
            .ok_or_else(|| Difference::new(key, "an object", stated(case.get(key))))?;
        Ok(Self { place: key, object, read: RefCell::default() })
    }

    fn find(&self, key: &str) -> Option<&'j Value> {
        let (key, value) = self.object.get_key_value(key)?;
        self.read.borrow_mut().insert(key);
        Some(value).filter(|value| !value.is_null())
    }

    fn wrong(&self, key: &str, expected: &str) -> Difference {
        let place = format!("{}.{key}", self.place);
        Difference::new(&place, expected, stated(self.object.get(key)))
    }

    /// A whole number that fits the type, if it is stated.
    pub(super) fn number_or<T: TryFrom<u64>>(&self, key: &str) -> Result<Option<T>, Difference> {
        let Some(value) = self.find(key) else { return Ok(None) };
        let number = value.as_u64().and_then(|n| T::try_from(n).ok());
        number.map(Some).ok_or_else(|| {
            self.wrong(key, &format!("a whole number of {} bits", 8 * size_of::<T>()))
        })
    }

    /// A whole number that must be stated.
    pub(super) fn number<T: TryFrom<u64>>(&self, key: &str) -> Result<T, Difference> {
        self.number_or(key)?.ok_or_else(|| self.wrong(key, "a whole number"))
    }

    /// True or false, if it is stated.
    pub(super) fn truth_or(&self, key: &str) -> Result<Option<bool>, Difference> {
        let Some(value) = self.find(key) else { return Ok(None) };
        value.as_bool().map(Some).ok_or_else(|| self.wrong(key, "true or false"))
    }

    /// A text that must be stated.
    pub(super) fn text(&self, key: &str) -> Result<&'j str, Difference> {
        let text = self.find(key).and_then(Value::as_str);
        text.ok_or_else(|| self.wrong(key, "a text"))
    }

    /// A number, or a text that begins with `>` and stands for many.
    pub(super) fn number_or_many(&self, key: &str, many: u8) -> Result<Option<u8>, Difference> {
        match self.find(key) {
            Some(Value::String(text)) if text.starts_with(">1") => Ok(Some(many)),
            _ => self.number_or(key),
        }
    }

    /// An input that nobody reads could change the result.
    pub(super) fn all_read(&self) -> Result<(), Difference> {
        let read = self.read.borrow();
        match self.object.keys().find(|key| !read.contains(key.as_str())) {
            Some(key) => Err(self.wrong(key, "an input that this client has")),
            None => Ok(()),
        }
    }
}

/// A value, or that there is none.
pub(super) fn stated(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), Value::to_string)
}

/// The first number behind a word in running text, `1028` in "link mtu 1028 so".
pub(super) fn number_after(text: &str, word: &str) -> Option<u32> {
    let (_, behind) = text.split_once(word)?;
    let behind = behind.trim_start_matches([' ', '=', ':']);
    let digits = behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len());
    behind[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Fields, number_after};
    use serde_json::json;

    #[test]
    fn a_number_is_found_behind_its_word() {
        assert_eq!(number_after("link mtu 1028 so max", "link mtu"), Some(1028));
        assert_eq!(number_after("device returned error: rc=2", "rc"), Some(2));
        assert_eq!(number_after("V1 { rc: 10, rsn: None }", "rc"), Some(10));
        assert_eq!(number_after("no number", "number"), None);
        assert_eq!(number_after("99999999999 and 99999999999", "and"), None);
    }

    #[test]
    fn a_field_that_nobody_reads_and_one_of_another_kind_are_named() {
        let case = json!({ "inputs": { "att_mtu": 70_000, "image": null, "ok": true } });
        let fields = Fields::of(&case, "inputs").expect("an object");
        assert_eq!(fields.number_or::<u8>("image").expect("null is nothing"), None);
        assert_eq!(fields.truth_or("ok").expect("a truth"), Some(true));
        let unread = fields.all_read().expect_err("att_mtu was not read").of("case");
        assert!(unread.case.contains("inputs.att_mtu"), "{unread:?}");
        let wide = fields.number::<u16>("att_mtu").expect_err("17 bits").of("case");
        assert!(wide.expected.contains("16 bits") && wide.got.contains("70000"), "{wide:?}");
        assert!(Fields::of(&case, "requests").is_err());
    }
}
