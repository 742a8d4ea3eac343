//! A groups file, read both as a table and as TOML.
#![no_main]

use std::collections::BTreeMap;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use panda_oidc::people::{Groups, groups_file, parse_user_id};

fuzz_target!(|bytes: &[u8]| {
    for path in ["groups.csv", "groups.toml"] {
        let file = match groups_file::parse(Path::new(path), bytes) {
            Ok(file) => file,
            Err(problem) => {
                assert!(!problem.remedy.is_empty(), "{problem}");
                let whole =
                    problem.problem.starts_with("it ") || problem.problem.starts_with("the file ");
                assert!(whole || problem.problem.starts_with("line "), "{problem}");
                let shown = problem.to_string();
                assert!(!shown.chars().any(char::is_control), "{shown:?}");
                continue;
            }
        };
        let members = file.groups.values().flat_map(|group| &group.members);
        let described = file.described.iter().map(|member| member.subject.as_str());
        let with_role = file.roles.values().flatten().map(String::as_str);
        for id in members
            .map(String::as_str)
            .chain(described)
            .chain(with_role)
        {
            let read = parse_user_id(id).expect("it was read");
            assert_eq!(read.as_str(), id, "the id is not canonical");
        }
        if path.ends_with("csv") {
            assert!(!file.groups.is_empty());
            for name in file.groups.keys().chain(file.roles.keys()) {
                assert!(!name.is_empty() && name == name.trim(), "{name:?}");
            }
        }
        let groups = Groups::new(&BTreeMap::new(), &file);
        assert_eq!(groups.names().len(), file.groups.len());
    }
});
