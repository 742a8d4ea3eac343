//! Runs a program in another language that reads JSON on standard input and writes JSON.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// The folder that `.ci/libraries.sh` fills.
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

/// The command line of a script in `tests/interop/node`.
pub fn node(script: &str) -> Vec<String> {
    let script = libraries("node").join("scripts").join(script);
    // Without the flags, Node resolves the symbolic link and does not find the packages beside it.
    let flags = ["--preserve-symlinks", "--preserve-symlinks-main"];
    let arguments = ["node"].into_iter().chain(flags).map(str::to_owned);
    arguments.chain([script.display().to_string()]).collect()
}

/// Runs a command line with `input`, for at most a minute. Returns its output.
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
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(
        output.status.success(),
        "{}: {stdout} {stderr}",
        output.status
    );
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout} {stderr}"))
}
