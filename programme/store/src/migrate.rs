//! The schema, step by step. A step is never changed after it was carried out somewhere: its digest is kept and compared.

use crate::database::{Database, Engine};
use crate::error::{Error, Result};
use crate::names::Digest;
use sqlx::{AssertSqlSafe, Row as _};

/// A step: for SQLite, for PostgreSQL.
struct Step {
    sqlite: &'static str,
    postgres: &'static str,
}

const fn both(text: &'static str) -> Step {
    Step { sqlite: text, postgres: text }
}

const STEPS: &[Step] = &[
    both(include_str!("../migrations/0001_core.sql")),
    both(include_str!("../migrations/0002_access.sql")),
    Step {
        sqlite: include_str!("../migrations/append_only.sqlite.sql"),
        postgres: include_str!("../migrations/append_only.postgres.sql"),
    },
];

/// The schema that this program needs.
pub const SCHEMA: i64 = STEPS.len() as i64;

impl Step {
    fn text(&self, engine: Engine) -> String {
        let (template, fill) = match engine {
            Engine::Sqlite => (
                self.sqlite,
                [
                    ("{text}", "TEXT"),
                    ("{blob}", "BLOB"),
                    ("{number}", "INTEGER"),
                    ("{clustered}", " WITHOUT ROWID"),
                ],
            ),
            Engine::Postgres => (
                self.postgres,
                [
                    ("{text}", "TEXT COLLATE \"C\""),
                    ("{blob}", "BYTEA"),
                    ("{number}", "BIGINT"),
                    ("{clustered}", ""),
                ],
            ),
        };
        fill.iter().fold(template.to_owned(), |text, (name, value)| text.replace(name, value))
    }
}

/// Which step the database is at.
pub(crate) async fn check(database: &Database) -> Result<()> {
    let found = found(database, &mut *database.readers().acquire().await?).await?;
    match found {
        SCHEMA => Ok(()),
        found if found > SCHEMA => Err(Error::Newer { found, known: SCHEMA }),
        found => Err(Error::NotMigrated { found, known: SCHEMA }),
    }
}

/// Carries out what is missing, in one transaction; says which step the database was at.
pub(crate) async fn migrate(database: &Database) -> Result<i64> {
    let mut write = database.write().await?;
    if database.engine == Engine::Postgres {
        // There may be no table yet for which to queue. The number is ours alone: "dtsec".
        sqlx::query("SELECT pg_advisory_xact_lock(430000878957)").execute(&mut *write).await?;
    }
    let before = found(database, &mut write).await?;
    if before > SCHEMA {
        return Err(Error::Newer { found: before, known: SCHEMA });
    }
    if before == 0 {
        if foreign(database, &mut write).await? {
            return Err(Error::NotADatabase("the database named".to_owned()));
        }
        sqlx::raw_sql("CREATE TABLE schema_step (step BIGINT PRIMARY KEY, digest TEXT NOT NULL)")
            .execute(&mut *write)
            .await?;
    }
    for (number, step) in (1..).zip(STEPS) {
        let text = step.text(database.engine);
        let digest = Digest::of(text.as_bytes());
        if number <= before {
            let kept: String = sqlx::query("SELECT digest FROM schema_step WHERE step = $1")
                .bind(number)
                .fetch_one(&mut *write)
                .await?
                .try_get(0)?;
            if kept != digest.as_str() {
                return Err(Error::OtherSchema(number));
            }
            continue;
        }
        // Ours, from above: nobody else's text is in it.
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *write).await?;
        sqlx::query("INSERT INTO schema_step (step, digest) VALUES ($1, $2)")
            .bind(number)
            .bind(digest.as_str())
            .execute(&mut *write)
            .await?;
    }
    write.commit().await?;
    Ok(before)
}

async fn found(database: &Database, connection: &mut sqlx::AnyConnection) -> Result<i64> {
    let there = match database.engine {
        Engine::Sqlite => "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'schema_step'",
        Engine::Postgres => "SELECT COUNT(*) FROM pg_catalog.pg_class WHERE oid = to_regclass('schema_step')",
    };
    let there: i64 = sqlx::query(there).fetch_one(&mut *connection).await?.try_get(0)?;
    if there == 0 {
        return Ok(0);
    }
    Ok(sqlx::query("SELECT COALESCE(MAX(step), 0) FROM schema_step")
        .fetch_one(connection)
        .await?
        .try_get(0)?)
}

/// Whether there is something that is not ours.
async fn foreign(database: &Database, connection: &mut sqlx::AnyConnection) -> Result<bool> {
    let tables = match database.engine {
        Engine::Sqlite => "SELECT COUNT(*) FROM sqlite_schema",
        Engine::Postgres => "SELECT COUNT(*) FROM pg_catalog.pg_tables WHERE schemaname = current_schema()",
    };
    let tables: i64 = sqlx::query(tables).fetch_one(connection).await?.try_get(0)?;
    Ok(tables > 0)
}
