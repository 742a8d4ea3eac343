//! `panda-oidc links export`.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use panda_oidc::links::{self, Headings};
use panda_oidc::store::Store;

use super::failure::Failure;
use super::walk::for_each_link;
use crate::cli::configured::ConfigArgs;

#[derive(Debug, Args)]
pub(super) struct Export {
    #[command(flatten)]
    pub(super) configured: ConfigArgs,
    /// Where to write the table, instead of to the standard output. An existing file is not replaced.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Export {
    pub(super) async fn run(&self, store: &dyn Store) -> Result<ExitCode, Failure> {
        let mut headings = Headings::default();
        for_each_link(store, |_, link| {
            headings.add(link);
            Ok(())
        })
        .await?;
        let mut export = links::Export::begin(self.open_output()?, headings)?;
        for_each_link(store, |link_key, link| {
            if export.row(link_key, link)? {
                return Ok(());
            }
            Err(Failure::Refused(
                "somebody has changed the accounts meanwhile; export them again".to_owned(),
            ))
        })
        .await?;
        export.end()?;
        Ok(ExitCode::SUCCESS)
    }

    fn open_output(&self) -> Result<Box<dyn Write + Send>, Failure> {
        let Some(path) = &self.output else {
            return Ok(Box::new(io::stdout()));
        };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        // The file holds personal data: usernames and addresses.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .open(path)
            .map_err(|error| Failure::File(format!("{} cannot be made", path.display()), error))?;
        Ok(Box::new(file))
    }
}
