//! Where a registry is kept: each test twice.

use dtsec_scratch::Server;
use tempfile::TempDir;

/// Each test on SQLite, and on PostgreSQL, which has to be installed.
macro_rules! on_both {
    ($($name:ident)*) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                super::$name(crate::place::Place::sqlite());
            })*
        }
        mod postgres {
            $(#[test]
            #[ignore = "needs PostgreSQL"]
            fn $name() {
                super::$name(crate::place::Place::postgres());
            })*
        }
    };
}
pub(crate) use on_both;

/// A folder, and a database of its own.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    url: Option<String>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), url: None }
    }

    pub(crate) fn postgres() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), url: Some(Server::shared().database()) }
    }

    /// Another one of the same kind.
    pub(crate) fn another(&self) -> Self {
        if self.is_sqlite() { Self::sqlite() } else { Self::postgres() }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.url.is_none()
    }

    /// The arguments that name it.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["--data".to_owned(), self.folder.path().join("data").display().to_string()];
        arguments.extend(self.url.clone().into_iter().flat_map(|url| ["--database".to_owned(), url]));
        arguments
    }

    /// A path in the folder, beside the data.
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}
