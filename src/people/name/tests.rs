use proptest::prelude::*;

use super::*;

#[track_caller]
fn assert_split(name: &str, family: &str, given: &str) {
    assert_eq!(split(name), Some(Name { family, given }), "{name}");
}

#[test]
fn a_chinese_name_is_a_surname_and_a_given_name() {
    for (name, family, given) in [
        ("陈涛", "陈", "涛"),
        ("张伟", "张", "伟"),
        ("李小明", "李", "小明"),
        (" 王芳\u{3000}", "王", "芳"),
        ("张　伟", "张", "伟"),
        ("张  志强", "张", "志强"),
        ("龍應台", "龍", "應台"),
        ("陳大文", "陳", "大文"),
        ("李王梓涵", "李", "王梓涵"),
        ("管仲", "管", "仲"),
        ("司志远", "司", "志远"),
        ("安然", "安", "然"),
        ("孙成长", "孙", "成长"),
        ("田𠮷", "田", "𠮷"),
    ] {
        assert_split(name, family, given);
    }
}

#[test]
fn a_surname_may_have_two_or_more_characters() {
    for (name, family, given) in [
        ("欧阳静", "欧阳", "静"),
        ("欧阳震华", "欧阳", "震华"),
        ("欧阳 震", "欧阳", "震"),
        ("司马懿", "司马", "懿"),
        ("诸葛亮", "诸葛", "亮"),
        ("上官婉儿", "上官", "婉儿"),
        ("夏侯惇", "夏侯", "惇"),
        ("东方不败", "东方", "不败"),
        ("皇甫嵩", "皇甫", "嵩"),
        ("尉迟恭", "尉迟", "恭"),
        ("公孙瓒", "公孙", "瓒"),
        ("慕容复", "慕容", "复"),
        ("令狐冲", "令狐", "冲"),
        ("长孙无忌", "长孙", "无忌"),
        ("宇文成都", "宇文", "成都"),
        ("司徒雷登", "司徒", "雷登"),
        ("司空图", "司空", "图"),
        ("轩辕剑", "轩辕", "剑"),
        ("端木赐", "端木", "赐"),
        ("独孤求败", "独孤", "求败"),
        ("南宫问天", "南宫", "问天"),
        ("爱新觉罗启骧", "爱新觉罗", "启骧"),
        ("歐陽修", "歐陽", "修"),
        ("諸葛亮", "諸葛", "亮"),
    ] {
        assert_split(name, family, given);
    }
}

#[test]
fn names_with_a_dot_or_in_letters_are_split_at_the_last_separator() {
    for (name, family, given) in [
        ("阿卜杜拉·买买提", "买买提", "阿卜杜拉"),
        ("迪丽热巴•迪力木拉提", "迪力木拉提", "迪丽热巴"),
        ("古力·阿不都·热合曼", "热合曼", "古力·阿不都"),
        ("Zhang Wei", "Wei", "Zhang"),
        ("Jean-Luc O'Neill", "O'Neill", "Jean-Luc"),
        ("Anna  Maria   Müller", "Müller", "Anna  Maria"),
        ("Анна Ли", "Ли", "Анна"),
    ] {
        assert_split(name, family, given);
    }
}

#[test]
fn text_that_is_not_a_persons_name_is_not_split() {
    for name in [
        "",
        " ",
        "陈",
        "新耀分公司",
        "黑龙江",
        "南京",
        "濮阳",
        "调度中心",
        "管理员",
        "操作员",
        "安全员",
        "系统管理员",
        "张总",
        "王工",
        "李姐",
        "张经理",
        "王主任",
        "李工程师",
        "刘师傅",
        "孙处长",
        "周局长",
        "张 总",
        "一号泵站",
        "第五水厂",
        "第五组",
        "东方水厂",
        "南宫泵站",
        "江南水务",
        "水表",
        "财务科",
        "文学院",
        "高新区",
        "国家电网",
        "张三(测试)",
        "张三（调度）",
        "张三2",
        "张三、李四",
        "陈涛@水务",
        "13800138000",
        "阿依古丽",
        "张王李赵周",
        "admin",
        "System Admin",
        "Pump Station",
        "Panda Water Ltd.",
        "Zhang Wei 2",
        "阿卜杜拉·",
        "·",
        "老王",
        "小李",
        "張經理",
    ] {
        assert_eq!(split(name), None, "{name}");
    }
}

#[test]
fn every_word_in_the_lists_can_match() {
    for surname in COMPOUND {
        assert!(surname.chars().all(is_han), "{surname}");
        assert!(
            !ANYWHERE.iter().any(|word| surname.contains(word)),
            "{surname}"
        );
    }
    for word in ANYWHERE.iter().chain(AT_THE_END).chain(PLACES) {
        assert!(word.chars().all(is_han), "{word}");
    }
    for word in LATIN {
        assert_eq!(*word, word.to_lowercase());
    }
}

proptest! {
    #[test]
    fn any_text_is_split_or_left_whole(name in "\\PC{0,12}|[张王欧阳司马诸葛小明总工厂·　 a-zA-Z(]{0,8}") {
        if let Some(Name { family, given }) = split(&name) {
            prop_assert!(!family.trim().is_empty() && !given.trim().is_empty());
            prop_assert!(name.contains(family) && name.contains(given));
        }
    }

    #[test]
    fn the_two_parts_of_a_chinese_name_are_the_whole_name(name in "[ ]?[张王李欧阳司马诸葛南宫明华涛静]{1,5}[ ]?") {
        if let Some(Name { family, given }) = split(&name) {
            let whole = format!("{family}{given}");
            prop_assert_eq!(whole.as_str(), name.trim());
        }
    }
}
