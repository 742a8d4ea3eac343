//! Tables in Markdown, as docs/reliability.md has them.

/// Prints a table.
pub fn print(head: &[&str], rows: &[Vec<String>]) {
    println!("| {} |", head.join(" | "));
    println!("|{}", " --- |".repeat(head.len()));
    for row in rows {
        println!("| {} |", row.join(" | "));
    }
}

/// `text`, marked unless the target is met.
pub fn marked(text: String, is_met: bool) -> String {
    if is_met {
        text
    } else {
        format!("**{text}** (missed)")
    }
}

/// How `yes` reads in a table.
pub fn yes(yes: bool) -> String {
    String::from(if yes { "yes" } else { "**no**" })
}
