//! Every statement finds its rows by an index and takes lists in their order: the databases' own plans say so.

use crate::support::{Place, at, set};
use dtsec_store::sql::{ALL, Statement, Takes};
use serde_json::json;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Row as _};

/// The plan of a statement, as the database prints it.
async fn plan(connection: &mut AnyConnection, explain: &str, statement: &Statement, column: usize) -> String {
    let mut query = sqlx::query(AssertSqlSafe(format!("{explain} {}", statement.sql)));
    for takes in statement.takes {
        query = match takes {
            Takes::Text => query.bind("x"),
            Takes::Number => query.bind(10_i64),
            Takes::Bytes => query.bind(vec![1_u8]),
        };
    }
    let rows =
        query.fetch_all(connection).await.unwrap_or_else(|error| panic!("{}: {error}", statement.name));
    rows.iter().map(|row| row.get::<String, _>(column) + "\n").collect()
}

async fn filled(place: &Place) -> AnyConnection {
    let store = place.open().await;
    for number in 0..30 {
        let mut one =
            set(&number.to_string(), 0, json!({"name": format!("Pump {number}"), "status": "listed"}));
        one.events[0].publish.push(("list".to_owned(), json!({})));
        store.commit(one).await.unwrap();
    }
    store.take("list", "w", at(0), at(1), 1).await.unwrap();
    AnyConnection::connect(&place.url()).await.unwrap()
}

/// All statements but those that are meant to take the whole.
fn looked_up() -> impl Iterator<Item = &'static &'static Statement> {
    ALL.iter().filter(|one| !one.name.starts_with("CLEAR_") && one.name != "COPY")
}

/// What is wrong with a plan of SQLite's.
fn sqlite_fault(plan: &str) -> bool {
    let scans = |line: &str| line.contains("SCAN") && !line.contains("USING");
    // What is in the statement itself, and what was found by an index before.
    let inner =
        |line: &str| ["VALUES CLAUSE", "CONSTANT ROW", "some_rows"].iter().any(|one| line.contains(one));
    plan.contains("TEMP B-TREE") || plan.lines().any(|line| scans(line) && !inner(line))
}

/// What is wrong with a plan of PostgreSQL's, when it may do neither unless it must.
fn postgres_fault(plan: &str) -> bool {
    plan.contains("Seq Scan") || plan.contains("Sort")
}

#[tokio::test]
async fn sqlite_finds_and_sorts_everything_by_an_index() {
    let place = Place::sqlite();
    let mut connection = filled(&place).await;
    let mut found = 0;
    for statement in looked_up() {
        let plan = plan(&mut connection, "EXPLAIN QUERY PLAN", statement, 3).await;
        // The last entry of a log, by its number: the table's own order.
        let last = matches!(statement.name, "LAST_EVENT" | "LAST_READING");
        assert!(last || !sqlite_fault(&plan), "{}:\n{plan}", statement.name);
        found += usize::from(plan.contains("SEARCH"));
    }
    assert!(found > 50, "{found}");
    for bad in
        ["SELECT id FROM list_row WHERE data = $1", "SELECT id FROM list_row WHERE list = $1 ORDER BY data"]
    {
        let statement = Statement { name: "planted", sql: bad, takes: &[Takes::Text] };
        assert!(sqlite_fault(&plan(&mut connection, "EXPLAIN QUERY PLAN", &statement, 3).await), "{bad}");
    }
}

/// Of small tables PostgreSQL would rather read the whole; here it may not, unless there is no index for it. Nor may it
/// collect rows by index and sort them afterwards: what grows has to come in order.
#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn postgresql_finds_and_sorts_everything_by_an_index() {
    let place = Place::postgres();
    let mut connection = filled(&place).await;
    for setting in ["enable_seqscan", "enable_sort", "enable_bitmapscan", "enable_incremental_sort"] {
        sqlx::raw_sql(AssertSqlSafe(format!("SET {setting} = off"))).execute(&mut connection).await.unwrap();
    }
    let mut found = 0;
    for statement in looked_up() {
        let plan = plan(&mut connection, "EXPLAIN", statement, 0).await;
        assert!(!postgres_fault(&plan), "{}:\n{plan}", statement.name);
        found += usize::from(plan.contains("Index"));
    }
    assert!(found > 50, "{found}");
    for bad in
        ["SELECT id FROM list_row WHERE data = $1", "SELECT id FROM list_row WHERE list = $1 ORDER BY data"]
    {
        let statement = Statement { name: "planted", sql: bad, takes: &[Takes::Text] };
        assert!(postgres_fault(&plan(&mut connection, "EXPLAIN", &statement, 0).await), "{bad}");
    }
}

#[test]
fn there_is_no_statement_outside_the_register() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = 0;
    for file in std::fs::read_dir(source).unwrap().map(|entry| entry.unwrap().path()) {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        // The schema's own steps and the connections' settings are carried out once, not for every request.
        if matches!(name.as_str(), "sql.rs" | "migrate.rs" | "database.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        for word in ["\"SELECT ", "\"INSERT ", "\"UPDATE ", "\"DELETE ", "sqlx::query(", "raw_sql("] {
            assert!(!text.contains(word), "{name} has {word}");
        }
        files += 1;
    }
    assert!(files > 10);
}
