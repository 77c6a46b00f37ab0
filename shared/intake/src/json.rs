//! Reading JSON by name, with the path of what is wrong.
//!
//! By hand and not by derived types: those repeat the offending value in their errors, and a value
//! is often an address.

use serde_json::{Map, Value};

use crate::malformed::Malformed;

/// What to do about one value.
pub(crate) type Problem = &'static str;

/// A JSON object and where it stands in the body.
pub(crate) struct Object<'a> {
    prefix: String,
    map: &'a Map<String, Value>,
}

/// Reads a body.
pub(crate) fn parse(body: &[u8]) -> Result<Value, Malformed> {
    // The error's text says what was expected, the line and the column, and quotes nothing.
    serde_json::from_slice(body)
        .map_err(|error| Malformed::body(format!("the body is not valid JSON: {error}")))
}

impl<'a> Object<'a> {
    /// The body's outermost object.
    pub(crate) fn root(value: &'a Value) -> Result<Self, Malformed> {
        let map = value.as_object().ok_or_else(|| wrong_type("", "a JSON object", value))?;
        Ok(Self { prefix: String::new(), map })
    }

    /// The object `value` that stands at `path`.
    pub(crate) fn at(path: &str, value: &'a Value) -> Result<Self, Malformed> {
        let map = value.as_object().ok_or_else(|| wrong_type(path, "an object", value))?;
        Ok(Self { prefix: format!("{path}."), map })
    }

    /// The path of one of its fields.
    pub(crate) fn path(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// That something is wrong with one of its fields.
    pub(crate) fn malformed(&self, name: &str, problem: impl Into<String>) -> Malformed {
        Malformed::at(self.path(name), problem)
    }

    /// A field that is there; `null` counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// All its fields.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.map.iter()
    }

    /// A text without the space around it; an empty one counts as absent, since that is what
    /// stores send for a field that was left out.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, Malformed> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let text = value.as_str().ok_or_else(|| wrong_type(&self.path(name), "text", value))?;
        Ok(Some(text.trim()).filter(|text| !text.is_empty()))
    }

    /// A text in the form that `read` gives it.
    pub(crate) fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Result<Option<T>, Malformed> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        read(text).map(Some).map_err(|problem| self.malformed(name, problem))
    }

    /// A text that must be there.
    pub(crate) fn required<T>(
        &self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Result<T, Malformed> {
        self.read(name, read)?.ok_or_else(|| self.malformed(name, "this is required"))
    }

    /// True or false.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Malformed> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let flag = value.as_bool();
        flag.map(Some).ok_or_else(|| wrong_type(&self.path(name), "true or false", value))
    }

    /// A whole number that isn't negative.
    pub(crate) fn whole(&self, name: &str) -> Result<Option<u64>, Malformed> {
        let Some(value) = self.get(name) else { return Ok(None) };
        match value {
            Value::Number(number) => number
                .as_u64()
                .map(Some)
                .ok_or_else(|| self.malformed(name, "send a whole number that is not negative")),
            other => Err(wrong_type(&self.path(name), "a number", other)),
        }
    }

    /// An object within.
    pub(crate) fn object(&self, name: &str) -> Result<Option<Object<'a>>, Malformed> {
        self.get(name).map(|value| Object::at(&self.path(name), value)).transpose()
    }

    /// A list's members with their paths; none when it is absent.
    pub(crate) fn list(&self, name: &str) -> Result<Vec<(String, &'a Value)>, Malformed> {
        let Some(value) = self.get(name) else { return Ok(Vec::new()) };
        let path = self.path(name);
        let list = value.as_array().ok_or_else(|| wrong_type(&path, "a list", value))?;
        let numbered = list.iter().enumerate();
        Ok(numbered.map(|(index, value)| (format!("{path}[{index}]"), value)).collect())
    }
}

/// That `value` at `path` is of another type than `wanted`.
pub(crate) fn wrong_type(path: &str, wanted: &str, value: &Value) -> Malformed {
    let got = match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    Malformed::at(path, format!("send {wanted}, not {got}"))
}
