//! Parses one file.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use proc_macro2::{Spacing, Span, TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree, Visibility};

use super::{ItemPath, Mention, OWN_CRATES, SourceFile};

/// Reads the file at `path`.
pub(super) fn read(package: &Path, path: &Path) -> SourceFile {
    let name = path.strip_prefix(package).unwrap();
    let module = name.strip_prefix("src").unwrap().with_extension("");
    let module = module.iter().map(|part| part.to_str().unwrap().to_owned());
    let mut module: ItemPath = module.collect();
    if matches!(
        module.last().map(String::as_str),
        Some("mod" | "lib" | "main")
    ) {
        module.pop();
    }
    let text = fs::read_to_string(path).unwrap();
    let syntax = syn::parse_file(&text).unwrap();
    let mut reader = Reader {
        file: SourceFile {
            name: name.to_str().unwrap().to_owned(),
            module: module.clone(),
            mentions: Vec::new(),
            asynchronous: Vec::new(),
            literals: Vec::new(),
            macros: Vec::new(),
            methods: Vec::new(),
            defines: Vec::new(),
            reexports: HashMap::new(),
            reexports_all: Vec::new(),
        },
        current_module: module,
        aliases: HashMap::new(),
        blocks: 0,
    };
    // Read modules and imports first: later paths resolve through them.
    for item in &syntax.items {
        if let Item::Mod(module) = item {
            let name = module.ident.to_string();
            let path = [
                reader.current_module.as_slice(),
                std::slice::from_ref(&name),
            ]
            .concat();
            reader.aliases.insert(name, path);
        }
    }
    for item in &syntax.items {
        if let Item::Use(item) = item
            && !is_test_only(&item.attrs)
        {
            reader.import(&item.tree, Vec::new(), &item.vis);
        }
    }
    reader.visit_file(&syntax);
    reader.file
}

struct Reader {
    file: SourceFile,
    /// The module that is being read; it may be an inline module.
    current_module: ItemPath,
    /// The full path of each imported name.
    aliases: HashMap<String, ItemPath>,
    /// The number of blocks around the code that is being read.
    blocks: usize,
}

impl Reader {
    fn import(&mut self, tree: &UseTree, mut prefix: ItemPath, vis: &Visibility) {
        match tree {
            UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.import(&path.tree, prefix, vis);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, prefix.clone(), vis);
                }
            }
            UseTree::Name(name) => {
                let ident = name.ident.to_string();
                self.import_item(prefix, &ident, &ident, vis, name.span());
            }
            UseTree::Rename(name) => {
                let (ident, rename) = (name.ident.to_string(), name.rename.to_string());
                self.import_item(prefix, &ident, &rename, vis, name.span());
            }
            UseTree::Glob(glob) => self.import_item(prefix, "*", "*", vis, glob.span()),
        }
    }

    fn import_item(
        &mut self,
        mut path: ItemPath,
        ident: &str,
        alias: &str,
        vis: &Visibility,
        span: Span,
    ) {
        let alias = if let ("self", Some(last)) = (ident, path.last()) {
            last.clone()
        } else {
            path.push(ident.to_owned());
            alias.to_owned()
        };
        let target = self.absolute(&path);
        let is_reexport = !matches!(vis, Visibility::Inherited);
        if is_reexport && ident == "*" {
            let parent = &target[..target.len() - 1];
            self.file.reexports_all.push(parent.to_vec());
        } else if is_reexport {
            self.file.reexports.insert(alias.clone(), target.clone());
        }
        // A module that re-exports items of its own children does not depend on them.
        let is_own_child = is_reexport && target.starts_with(&self.file.module);
        if !is_own_child {
            self.mention(target.clone(), span);
        }
        if alias != "*" && alias != "_" {
            self.aliases.insert(alias, target);
        }
    }

    /// The full path that `path` stands for.
    fn absolute(&self, path: &[String]) -> ItemPath {
        let Some(first) = path.first().map(String::as_str) else {
            return Vec::new();
        };
        if OWN_CRATES.contains(&first) {
            return path[1..].to_vec();
        }
        match first {
            "self" => [self.current_module.as_slice(), &path[1..]].concat(),
            "super" => {
                let up = path.iter().take_while(|part| *part == "super").count();
                let parent = self.current_module.len().saturating_sub(up);
                [&self.current_module[..parent], &path[up..]].concat()
            }
            _ => match self.aliases.get(first) {
                Some(target) => [target.as_slice(), &path[1..]].concat(),
                None => [&["::".to_owned()], path].concat(),
            },
        }
    }

    fn mention(&mut self, path: ItemPath, span: Span) {
        let line = span.start().line;
        self.file.mentions.push(Mention { path, line });
    }

    fn mention_path(&mut self, path: &[String], span: Span) {
        if path.len() > 1 {
            let path = self.absolute(path);
            self.mention(path, span);
        }
    }

    /// Reads paths from the tokens of a macro call, because its arguments are not a syntax tree.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: ItemPath = Vec::new();
        let mut colons = 0;
        let mut start = Span::call_site();
        for token in tokens {
            match &token {
                TokenTree::Ident(ident) => {
                    if matches!(ident.to_string().as_str(), "await" | "async") {
                        self.file.asynchronous.push(ident.span().start().line);
                    }
                    if colons != 2 {
                        self.mention_path(&std::mem::take(&mut path), start);
                        start = ident.span();
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => {
                    colons += 1;
                }
                // Not the `!` of `!=`.
                TokenTree::Punct(punct)
                    if punct.as_char() == '!' && punct.spacing() == Spacing::Alone =>
                {
                    self.file
                        .macros
                        .extend(path.last().map(|name| (name.clone(), start.start().line)));
                    self.mention_path(&std::mem::take(&mut path), start);
                    colons = 0;
                }
                other => {
                    self.mention_path(&std::mem::take(&mut path), start);
                    colons = 0;
                    match other {
                        TokenTree::Group(group) => self.tokens(group.stream()),
                        TokenTree::Literal(literal) => {
                            let line = literal.span().start().line;
                            self.file.literals.push((literal.to_string(), line));
                        }
                        _ => {}
                    }
                }
            }
        }
        self.mention_path(&path, start);
    }
}

fn is_test_only(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Path>()
                .is_ok_and(|path| path.is_ident("test"))
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn defined_name(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Mod(item) if item.content.is_some() => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_test_only(attributes(item)) {
            return;
        }
        if self.current_module == self.file.module {
            self.file.defines.extend(defined_name(item));
        }
        match item {
            Item::Mod(module) if module.content.is_some() => {
                self.current_module.push(module.ident.to_string());
                visit::visit_item(self, item);
                self.current_module.pop();
            }
            // `read` has already read the imports at the top of the file.
            Item::Use(import) if self.blocks > 0 || self.current_module != self.file.module => {
                self.import(&import.tree, Vec::new(), &import.vis);
            }
            Item::Use(_) => {}
            _ => visit::visit_item(self, item),
        }
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        self.blocks += 1;
        visit::visit_block(self, block);
        self.blocks -= 1;
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter().map(|part| part.ident.to_string());
        self.mention_path(&segments.collect::<Vec<_>>(), path.span());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let name = call.path.segments.last().map(|part| part.ident.to_string());
        let line = call.span().start().line;
        self.file.macros.extend(name.map(|name| (name, line)));
        self.tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        if let Some(token) = &signature.asyncness {
            self.file.asynchronous.push(token.span().start().line);
        }
        visit::visit_signature(self, signature);
    }

    fn visit_expr_async(&mut self, block: &'ast syn::ExprAsync) {
        let line = block.async_token.span().start().line;
        self.file.asynchronous.push(line);
        visit::visit_expr_async(self, block);
    }

    fn visit_expr_await(&mut self, awaited: &'ast syn::ExprAwait) {
        let line = awaited.await_token.span().start().line;
        self.file.asynchronous.push(line);
        visit::visit_expr_await(self, awaited);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let line = call.method.span().start().line;
        self.file.methods.push((call.method.to_string(), line));
        visit::visit_expr_method_call(self, call);
    }

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        let line = text.span().start().line;
        self.file.literals.push((text.value(), line));
    }
}
