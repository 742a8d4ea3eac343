//! Reads the header line: what each column holds.

use std::collections::HashSet;

use unicode_normalization::UnicodeNormalization as _;

use super::{MAX_COLUMNS, Mistake, cell};

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Column {
    Id,
    Phone,
    Name,
    Client,
    Username,
    Email,
    EmailVerified,
    /// A free attribute that is a single text.
    One(String),
    /// A free attribute that is a list.
    Many(String),
    /// A column without a heading; every row must leave it empty.
    Nothing,
}

/// The headings that are not free attributes, in lower case.
const STANDARD_COLUMNS: [(Column, &[&str]); 7] = [
    (Column::Id, &["id", "编号", "用户编号"]),
    (Column::Phone, &["phone", "电话", "手机", "手机号"]),
    (Column::Name, &["name", "姓名"]),
    (Column::Client, &["client", "应用"]),
    (Column::Username, &["username", "账号", "帐号", "用户名"]),
    (Column::Email, &["email", "邮箱"]),
    (Column::EmailVerified, &["email_verified", "邮箱已验证"]),
];

/// Reads the columns from the `headings` on `line`.
pub(super) fn columns<'a>(
    headings: impl Iterator<Item = &'a str>,
    line: u64,
) -> Result<Vec<Column>, Vec<Mistake>> {
    let mut columns = Vec::new();
    let mut mistakes = Vec::new();
    let mut seen = HashSet::new();
    for heading in headings {
        if columns.len() == MAX_COLUMNS {
            let what = format!("there are more than {MAX_COLUMNS} columns");
            return Err(vec![Mistake::at(
                line,
                what,
                "leave out what is not needed",
            )]);
        }
        match column(heading) {
            Ok(column) => {
                if column != Column::Nothing && !seen.insert(column.clone()) {
                    let what = format!("two columns are headed {heading:?}, or mean the same");
                    mistakes.push(Mistake::at(line, what, "take one of them out"));
                }
                columns.push(column);
            }
            Err(error) => mistakes.push(Mistake::at(line, error.what, error.remedy)),
        }
    }
    let has = |any: &[Column]| any.iter().any(|column| seen.contains(column));
    if !has(&[Column::Id, Column::Phone, Column::Name]) {
        mistakes.push(Mistake::at(
            line,
            "no column says who a row is about",
            "head one id, phone or name (编号, 电话, 姓名)",
        ));
    }
    let is_attribute = |column: &Column| matches!(column, Column::One(_) | Column::Many(_));
    if !has(&[Column::Username, Column::Email]) && !seen.iter().any(is_attribute) {
        mistakes.push(Mistake::at(
            line,
            "no column says which account a person has",
            "head one username or email (账号, 邮箱), or as the attribute that it holds",
        ));
    }
    if mistakes.is_empty() {
        Ok(columns)
    } else {
        Err(mistakes)
    }
}

fn column(heading: &str) -> Result<Column, cell::CellError> {
    let heading: String = heading.trim().nfkc().collect();
    let lower = heading.to_lowercase();
    let standard = STANDARD_COLUMNS
        .iter()
        .find(|(_, names)| names.contains(&lower.as_str()));
    if let Some((column, _)) = standard {
        return Ok(column.clone());
    }
    if heading.is_empty() {
        return Ok(Column::Nothing);
    }
    match heading.strip_suffix("[]") {
        Some(name) => cell::attribute_name(name).map(Column::Many),
        None => cell::attribute_name(&heading).map(Column::One),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headings: &[&str]) -> Result<Vec<Column>, Vec<Mistake>> {
        columns(headings.iter().copied(), 1)
    }

    #[test]
    fn headings_are_chinese_or_english() {
        let columns = read(&["编号", "Username", " 邮箱 ", "sites[]", "部门", ""]).unwrap();
        let expected = [
            Column::Id,
            Column::Username,
            Column::Email,
            Column::Many("sites".to_owned()),
            Column::One("部门".to_owned()),
            Column::Nothing,
        ];
        assert_eq!(columns, expected);
        assert_eq!(read(&["ＩＤ", "账号"]).unwrap()[0], Column::Id);
    }

    #[test]
    fn bad_headings_are_reported() {
        for (headings, about) in [
            (&["username"][..], "who"),
            (&["id", "phone"], "account"),
            (&["id", "编号", "username"], "mean the same"),
            (&["id", "=cmd"], "=cmd"),
            (&["id,username"], "attribute"),
        ] {
            let mistakes = read(headings).unwrap_err();
            assert!(mistakes[0].to_string().contains(about), "{mistakes:?}");
        }
        assert_eq!(read(&["id"; 1000]).unwrap_err().len(), 1);
    }
}
