//! The headings of columns, in the words that people use for them.

use super::cell;

/// What a column with a known heading holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Heading {
    /// The portal's id of the person.
    Id,
    /// A telephone number of the person.
    Phone,
    /// The name of the person.
    Name,
    /// The client that an account is in.
    Client,
    /// The name of an account.
    Username,
    /// The e-mail address of an account.
    Email,
    /// Whether somebody vouches for the address.
    EmailVerified,
    /// The number that the personnel office gave: often the name of the account too, and never the
    /// portal's id for certain.
    EmployeeNumber,
    /// A group.
    Group,
    /// A role.
    Role,
    /// For human readers.
    Note,
}

/// The headings as [`key`] writes them.
const KNOWN: [(Heading, &[&str]); 11] = [
    (
        Heading::Id,
        &[
            "id",
            "编号",
            "用户编号",
            "人员编号",
            "门户编号",
            "用户id",
            "userid",
            "门户id",
            "portalid",
            "熊猫id",
            "pandaid",
            "编号id",
            "id编号",
            "sub",
        ],
    ),
    (
        Heading::Phone,
        &[
            "phone",
            "phonenumber",
            "mobile",
            "mobilephone",
            "mobilenumber",
            "cell",
            "cellphone",
            "tel",
            "telephone",
            "电话",
            "电话号码",
            "联系电话",
            "联系方式",
            "手机",
            "手机号",
            "手机号码",
            "移动电话",
        ],
    ),
    (
        Heading::Name,
        &[
            "name",
            "fullname",
            "displayname",
            "realname",
            "姓名",
            "名字",
            "真实姓名",
            "中文名",
            "人员姓名",
            "用户姓名",
        ],
    ),
    (
        Heading::Client,
        &["client", "clientid", "app", "application", "应用"],
    ),
    (
        Heading::Username,
        &[
            "username",
            "login",
            "loginname",
            "loginid",
            "account",
            "accountname",
            "账号",
            "帐号",
            "账户",
            "帐户",
            "账号名",
            "帐号名",
            "账户名",
            "帐户名",
            "用户名",
            "用户账号",
            "用户帐号",
            "登录名",
            "登陆名",
            "登录账号",
            "登录帐号",
            "登陆账号",
            "登录用户名",
            "用户登录名",
        ],
    ),
    (
        Heading::Email,
        &[
            "email",
            "mail",
            "emailaddress",
            "mailaddress",
            "邮箱",
            "电子邮箱",
            "邮件",
            "电子邮件",
            "电邮",
            "邮箱地址",
            "邮件地址",
            "电子邮箱地址",
            "电子邮件地址",
        ],
    ),
    (
        Heading::EmailVerified,
        &["emailverified", "verified", "邮箱已验证", "已验证"],
    ),
    (
        Heading::EmployeeNumber,
        &[
            "工号",
            "职工号",
            "员工号",
            "员工编号",
            "职工编号",
            "employeeid",
            "employeenumber",
            "employeeno",
            "staffid",
            "staffno",
        ],
    ),
    (
        Heading::Group,
        &[
            "group",
            "groupname",
            "组",
            "组名",
            "组别",
            "分组",
            "用户组",
            "群组",
        ],
    ),
    (Heading::Role, &["role", "角色"]),
    (
        Heading::Note,
        &[
            "note", "notes", "remark", "remarks", "comment", "备注", "说明",
        ],
    ),
];

impl Heading {
    /// What a column headed `written` holds, if the heading is known.
    pub(crate) fn of(written: &str) -> Option<Self> {
        let find = |key: &str| {
            let known = KNOWN.iter().find(|(_, keys)| keys.contains(&key));
            known.map(|(heading, _)| *heading)
        };
        let written = text(written);
        find(&key(&written)).or_else(|| {
            // A remark in brackets, as in `手机（必填）`.
            let (before, _) = written.split_once(['(', '[', '【', '<'])?;
            written
                .ends_with([')', '】', '>'])
                .then(|| find(&key(before)))?
        })
    }
}

/// A heading as it is shown: in ordinary characters, without the asterisk or colon that marks it as
/// required.
pub(crate) fn text(written: &str) -> String {
    let plain = cell::plain(written);
    let is_mark = |c: char| c.is_whitespace() || matches!(c, '*' | ':');
    plain.trim_matches(is_mark).to_owned()
}

/// A heading without what does not matter: case, spaces, line breaks, `_` and `-`.
fn key(text: &str) -> String {
    let matters = |c: &char| !(c.is_whitespace() || matches!(c, '_' | '-' | '*' | ':' | '.'));
    let letters = text.chars().filter(matters);
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_is_known_however_it_is_written() {
        for (written, heading) in [
            ("ＩＤ", Heading::Id),
            ("*编号：", Heading::Id),
            ("User ID", Heading::Id),
            ("User_Name", Heading::Username),
            ("E-Mail", Heading::Email),
            ("e mail address", Heading::Email),
            ("手机\n号码", Heading::Phone),
            ("手机（必填）", Heading::Phone),
            ("email_verified", Heading::EmailVerified),
            ("职工号", Heading::EmployeeNumber),
        ] {
            assert_eq!(Heading::of(written), Some(heading), "{written}");
        }
        for other in ["部门", "sites[]", "", "mailbox", "idiom"] {
            assert_eq!(Heading::of(other), None, "{other}");
        }
        assert_eq!(text(" *部门： "), "部门");
    }

    #[test]
    fn every_known_heading_is_its_own_key_and_means_one_thing() {
        let mut all = std::collections::HashSet::new();
        for name in KNOWN.iter().flat_map(|(_, names)| *names) {
            assert_eq!(key(name), *name);
            assert!(all.insert(name), "{name}");
        }
    }
}
