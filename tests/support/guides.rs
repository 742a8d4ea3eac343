//! The guides in `docs/`, in both languages.

/// The English and the Chinese text of a guide: `guide!("first-day")`.
macro_rules! guide {
    ($name:literal) => {
        [
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/", $name, ".md")),
            include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/docs/",
                $name,
                ".zh.md"
            )),
        ]
    };
}

pub(crate) use guide;
