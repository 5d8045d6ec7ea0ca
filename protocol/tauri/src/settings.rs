//! The frontend's settings, which live in the page's localStorage: read for a backup, put back after an import.
//!
//! The page's code takes no part: a script is evaluated in it, which answers by an event. Only [`KEYS`] are read or
//! written, and what is read goes to the sidecar alone, which removes secrets before anything is written.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Map, Value};
use tauri::{AppHandle, Listener, Manager, Runtime, Webview};
use tokio::sync::oneshot;

/// The keys of localStorage that are backed up; all others are secrets, or of no interest.
pub const KEYS: [&str; 2] = ["kirapilot-preferences", "kirapilot-privacy-settings"];

/// How long a page may take to answer. It has just called us, so it is awake, unless it is busy or gone.
const PATIENCE: Duration = Duration::from_secs(2);

const READ: &str = include_str!("settings_read.js");
const WRITE: &str = include_str!("settings_write.js");

/// The settings as the page of `webview` holds them, key to the string that stands in localStorage; absent keys are
/// absent. `None` when it does not answer in time.
pub async fn read<R: Runtime>(webview: &Webview<R>) -> Option<Map<String, Value>> {
    let mut answer = ask(webview, READ, &serde_json::json!({"keys": KEYS})).await?;
    match answer["values"].take() {
        Value::Object(values) => Some(values),
        _ => None,
    }
}

/// Puts values (key to JSON value) into localStorage, and keeps the page from writing those keys until it is left.
///
/// Answers whether the values stand there.
pub async fn write<R: Runtime>(webview: &Webview<R>, values: &Map<String, Value>) -> bool {
    let texts: Map<String, Value> = values
        .iter()
        .filter(|(key, value)| KEYS.contains(&key.as_str()) && !value.is_null())
        .map(|(key, value)| (key.clone(), Value::String(value.to_string())))
        .collect();
    ask(webview, WRITE, &serde_json::json!({"texts": texts})).await.is_some_and(|answer| answer["written"] == true)
}

/// The other pages of the app that share the localStorage of `webview`.
pub fn others<R: Runtime>(app: &AppHandle<R>, webview: &Webview<R>) -> Vec<Webview<R>> {
    let origin = origin(webview);
    let all = app.webview_windows().into_values().map(|window| window.as_ref().clone());
    all.filter(|other| other.label() != webview.label() && self::origin(other) == origin).collect()
}

/// What decides on localStorage. `Url::origin` is never equal for the app's own scheme.
fn origin<R: Runtime>(webview: &Webview<R>) -> Option<(String, Option<String>, Option<u16>)> {
    let url = webview.url().ok()?;
    Some((url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port()))
}

/// Evaluates `script` with `request` in the page, and waits for the event by which it answers.
async fn ask<R: Runtime>(webview: &Webview<R>, script: &str, request: &Value) -> Option<Value> {
    static ASKED: AtomicU64 = AtomicU64::new(0);
    let number = ASKED.fetch_add(1, Ordering::Relaxed);
    let event = format!("kirapilot-backup://answer-{}-{number}", std::process::id());
    let (sender, answer) = oneshot::channel();
    let app = webview.app_handle();
    let listener = app.once_any(&event, move |event| {
        let _ = sender.send(serde_json::from_str(event.payload()).ok());
    });
    let script = format!("({script})({request}, {});", Value::String(event));
    let evaluated = webview.eval(script);
    let answered = match evaluated {
        Ok(()) => tokio::time::timeout(PATIENCE, answer).await.ok().and_then(Result::ok).flatten(),
        Err(_) => None,
    };
    app.unlisten(listener);
    answered
}
