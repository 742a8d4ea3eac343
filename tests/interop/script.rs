//! A program in another language: given JSON on its input, it says JSON and ends.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// What `.ci/libraries.sh` lays ready.
const LIBRARIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/libraries");

/// The folder with the libraries of a language.
#[track_caller]
pub fn libraries(language: &str) -> PathBuf {
    let folder = Path::new(LIBRARIES).join(language);
    assert!(
        folder.join("provisioned").is_file(),
        "there is no {}: run `bash .ci/libraries.sh` first",
        folder.display()
    );
    folder
}

/// One of the scripts in `tests/interop/node`.
pub fn node(script: &str) -> Vec<String> {
    let script = libraries("node").join("scripts").join(script);
    // Else it would look for its packages where the link leads.
    let links = ["--preserve-symlinks", "--preserve-symlinks-main"];
    let words = ["node"].into_iter().chain(links).map(str::to_owned);
    words.chain([script.display().to_string()]).collect()
}

/// Runs a command line with `input`, for a minute at most.
pub async fn run(command: Vec<String>, input: Value) -> Value {
    let output = tokio::task::spawn_blocking(move || {
        let mut child = Command::new("timeout")
            .args(["--kill-after=5", "60"])
            .args(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut stdin = child.stdin.take().expect("it is piped");
        stdin.write_all(input.to_string().as_bytes())?;
        drop(stdin);
        child.wait_with_output()
    });
    let output = output.await.unwrap().unwrap();
    let [said, complained] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(
        output.status.success(),
        "{}: {said} {complained}",
        output.status
    );
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said} {complained}"))
}
