//! Which page a webview shows: a page that asked for an import, and was reloaded meanwhile, is another one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tauri::webview::PageLoadEvent;
use tauri::{Runtime, Webview};
use tokio::sync::watch;

/// How many pages each webview has begun to show, by its label. Clones share the counts.
#[derive(Clone, Debug)]
pub struct Pages {
    begun: Arc<Mutex<HashMap<String, u64>>>,
    is_shown: watch::Sender<bool>,
}

impl Default for Pages {
    fn default() -> Self {
        Self { begun: Arc::default(), is_shown: watch::Sender::new(false) }
    }
}

impl Pages {
    /// Takes note of what becomes of a page.
    pub fn note(&self, label: &str, event: PageLoadEvent) {
        // At the start: what a page shows is read from then on, and by its end it may have called already.
        if let PageLoadEvent::Started = event {
            *self.locked().entry(label.to_owned()).or_default() += 1;
        } else {
            self.is_shown.send_replace(true);
        }
    }

    /// Waits until a first page is there whole.
    pub async fn until_shown(&self) {
        // The sender is this value's own, so it is there.
        let _ = self.is_shown.subscribe().wait_for(|shown| *shown).await;
    }

    /// The number of the page that a webview shows.
    pub fn shown(&self, label: &str) -> u64 {
        self.locked().get(label).copied().unwrap_or_default()
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Loads the page again, as the frontend does after an import.
pub fn reload<R: Runtime>(webview: &Webview<R>) {
    if let Err(why) = webview.eval("window.location.reload()") {
        log::warn!("the page of {} shows what was there before the import: {why}", webview.label());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_page_is_waited_for_until_it_is_there_whole() {
        let pages = Pages::default();
        pages.note("main", PageLoadEvent::Started);
        let moment = std::time::Duration::from_millis(20);
        assert!(tokio::time::timeout(moment, pages.until_shown()).await.is_err());
        pages.note("main", PageLoadEvent::Finished);
        pages.until_shown().await;
    }

    #[test]
    fn a_page_is_another_one_once_its_webview_has_begun_to_load() {
        let pages = Pages::default();
        assert_eq!(pages.shown("main"), 0);
        pages.note("main", PageLoadEvent::Started);
        let asked = pages.shown("main");
        pages.note("main", PageLoadEvent::Finished);
        pages.note("second", PageLoadEvent::Started);
        assert_eq!(pages.clone().shown("main"), asked, "the same page, and another window");
        pages.note("main", PageLoadEvent::Started);
        assert_ne!(pages.shown("main"), asked);
    }
}
