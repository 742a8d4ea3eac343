//! What README and the guides say is true of the program: links lead somewhere, settings are read, tests
//! exist, quoted sentences occur, and both languages say the same.

#![expect(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

#[path = "documents/access_log.rs"]
mod access_log;
#[path = "documents/citations.rs"]
mod citations;
#[path = "documents/files.rs"]
mod files;
#[path = "documents/guide.rs"]
mod guide;
#[path = "documents/languages.rs"]
mod languages;
#[path = "documents/links.rs"]
mod links;
#[path = "documents/lists.rs"]
mod lists;
#[path = "documents/reference.rs"]
mod reference;
#[path = "documents/sentences.rs"]
mod sentences;
#[path = "documents/settings.rs"]
mod settings;
#[path = "documents/sources.rs"]
mod sources;
#[path = "documents/troubleshooting.rs"]
mod troubleshooting;
#[path = "documents/words.rs"]
mod words;
