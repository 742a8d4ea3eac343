//! libfaketime, which gives a program another clock. `.ci/faketime.sh` installs it.

use std::fs;

/// Debian's libfaketime, in the folder of this machine's architecture.
pub fn libfaketime() -> String {
    let folders = fs::read_dir("/usr/lib")
        .unwrap()
        .map(|entry| entry.unwrap());
    let mut libraries = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    let library = libraries.find(|library| library.exists());
    let library = library.expect("there is no libfaketime: run `bash .ci/faketime.sh` first");
    library.to_str().unwrap().to_owned()
}
