//! A copy of SQLite's file while others work, whole or not there at all. The key file is not in it.

use crate::database::{Engine, query};
use crate::error::{Error, Result};
use crate::sql;
use crate::store::Store;
use sqlx::Connection as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

impl Store {
    /// Copies the database into a file that must not exist.
    ///
    /// # Errors
    /// [`Error::NoCopy`] on PostgreSQL; where the file exists or cannot be written.
    pub async fn copy(&self, to: &Path) -> Result<()> {
        if self.engine() != Engine::Sqlite {
            return Err(Error::NoCopy);
        }
        let mut name = to.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let part = to.with_file_name(name);
        let text = part.to_str().ok_or_else(|| {
            Error::file(&part)(std::io::Error::new(std::io::ErrorKind::InvalidFilename, "not UTF-8"))
        })?;
        let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part);
        made.map_err(Error::file(&part))?;
        let copied = async {
            let mut connection = self.database.connect().await?;
            query(&sql::COPY).bind(text).execute(&mut connection).await?;
            connection.close().await?;
            std::fs::File::open(&part).and_then(|file| file.sync_all()).map_err(Error::file(&part))?;
            // Unlike a renaming this does not overwrite.
            std::fs::hard_link(&part, to).map_err(Error::file(to))
        }
        .await;
        // A second name by now, or of no use; what went wrong is said by `copied`.
        let _ = std::fs::remove_file(&part);
        copied?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::file(folder))
    }
}
