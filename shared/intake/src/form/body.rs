//! The three kinds of bodies that a form has, as one object of answers.

use std::convert::Infallible;

use futures_util::{FutureExt, future, stream};
use multer::Multipart;
use serde_json::{Map, Value};

use super::Error;
use crate::{json, malformed::Malformed};

/// How many answers a form gives: more than its fields and its known names together.
const ANSWERS_MAX: usize = 1_000;

const NOT_UTF8: &str = "send the form as UTF-8: give the page or the form that charset";

pub(super) fn read(content_type: Option<&str>, body: &[u8]) -> Result<Map<String, Value>, Error> {
    let content_type = content_type.ok_or(Error::ContentType)?;
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/x-www-form-urlencoded" => Ok(collect(urlencoded(body)?)?),
        "multipart/form-data" => Ok(collect(multipart(content_type, body)?)?),
        "application/json" => Ok(json_object(body)?),
        _ => Err(Error::ContentType),
    }
}

fn json_object(body: &[u8]) -> Result<Map<String, Value>, Malformed> {
    match json::parse(body)? {
        Value::Object(answers) => Ok(answers),
        other => Err(json::wrong_type("", "a JSON object", &other)),
    }
}

fn urlencoded(body: &[u8]) -> Result<Vec<(String, String)>, Malformed> {
    let mut answers = Vec::new();
    for (name, value) in form_urlencoded::parse(body).take(ANSWERS_MAX + 1) {
        // What the decoder puts in the place of bytes that aren't UTF-8.
        if name.contains(char::REPLACEMENT_CHARACTER) || value.contains(char::REPLACEMENT_CHARACTER)
        {
            return Err(Malformed::body(NOT_UTF8));
        }
        answers.push((name.into_owned(), value.into_owned()));
    }
    Ok(answers)
}

fn multipart(content_type: &str, body: &[u8]) -> Result<Vec<(String, String)>, Malformed> {
    let cut = || Malformed::body("the multipart body is broken or cut: send it as browsers do");
    let boundary = multer::parse_boundary(content_type)
        .map_err(|_| Malformed::body("the multipart Content-Type names no boundary"))?;
    let whole = stream::once(future::ready(Ok::<_, Infallible>(body.to_vec())));
    // All the bytes are here: the reader never waits, and one poll finishes it.
    parts(Multipart::new(whole, boundary)).now_or_never().ok_or_else(cut)?.map_err(|wrong| {
        match wrong {
            Wrong::Multipart => cut(),
            Wrong::NotUtf8 => Malformed::body(NOT_UTF8),
            Wrong::File => Malformed::body("this form takes no files: send texts only"),
        }
    })
}

/// What a part may be.
enum Wrong {
    Multipart,
    NotUtf8,
    File,
}

async fn parts(mut body: Multipart<'_>) -> Result<Vec<(String, String)>, Wrong> {
    let mut answers = Vec::new();
    while let Some(part) = body.next_field().await.map_err(|_| Wrong::Multipart)? {
        let name = part.name().unwrap_or_default().to_owned();
        let is_file = part.file_name().is_some();
        let bytes = part.bytes().await.map_err(|_| Wrong::Multipart)?;
        // A file field that was left out comes as an empty file.
        if is_file && !bytes.is_empty() {
            return Err(Wrong::File);
        }
        let text = String::from_utf8(bytes.to_vec()).map_err(|_| Wrong::NotUtf8)?;
        answers.push((name, text));
        if answers.len() > ANSWERS_MAX {
            break;
        }
    }
    Ok(answers)
}

/// Puts answers of one name together.
fn collect(answers: Vec<(String, String)>) -> Result<Map<String, Value>, Malformed> {
    if answers.len() > ANSWERS_MAX {
        return Err(Malformed::body("send at most 1000 answers"));
    }
    let mut collected = Map::new();
    for (name, text) in answers {
        let (name, is_list) = match name.strip_suffix("[]") {
            Some(name) => (name.to_owned(), true),
            None => (name, false),
        };
        let told = Value::String(text);
        match collected.get_mut(&name) {
            Some(Value::Array(members)) => members.push(told),
            Some(first) => *first = Value::Array(vec![first.take(), told]),
            None if is_list => drop(collected.insert(name, Value::Array(vec![told]))),
            None => drop(collected.insert(name, told)),
        }
    }
    Ok(collected)
}
