//! A connection of the pool, as the steps use it: statements with typed parameters, several of them in one
//! round trip.

use std::time::Duration;

use deadpool_postgres::Object;
use futures_util::future::try_join_all;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, Statement};

use super::fault::Fault;

/// A parameter with the type that the statement expects.
pub(super) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// A statement and its parameters.
pub(super) type Command<'a> = (&'static str, &'a [Parameter<'a>]);

/// A type of Rust that is one type of PostgreSQL.
pub(super) trait Typed: ToSql + Sync {
    /// That type.
    const TYPE: Type;
}

macro_rules! typed {
    ($($rust:ty => $sql:ident;)*) => {$(
        impl Typed for $rust { const TYPE: Type = Type::$sql; }
        impl Typed for Option<$rust> { const TYPE: Type = Type::$sql; }
    )*};
}

typed! {
    i64 => INT8;
    bool => BOOL;
    f64 => FLOAT8;
    &str => TEXT;
    String => TEXT;
    &[u8] => BYTEA;
    Vec<u8> => BYTEA;
    Vec<&str> => TEXT_ARRAY;
    Vec<String> => TEXT_ARRAY;
    Vec<i64> => INT8_ARRAY;
    Vec<Option<&str>> => TEXT_ARRAY;
    Vec<&[u8]> => BYTEA_ARRAY;
}

/// The type of `value`.
pub(super) fn type_of<T: Typed>(_: &T) -> Type {
    T::TYPE
}

/// The parameters of a statement, in order: an array of [`Parameter`].
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        [$((
            &$value as &(dyn tokio_postgres::types::ToSql + Sync),
            $crate::store::postgres::connection::type_of(&$value),
        )),*]
    };
}
pub(super) use params;

/// A connection for one step. If the step is left in a transaction, because it failed or its caller is gone,
/// the connection is closed, which undoes the step.
pub(super) struct Connection {
    client: Option<Object>,
    prepared: bool,
    in_transaction: bool,
    timeout: Duration,
}

impl Connection {
    pub(super) fn new(client: Object, prepared: bool, timeout: Duration) -> Self {
        Self {
            client: Some(client),
            prepared,
            in_transaction: false,
            timeout,
        }
    }

    /// Runs one statement.
    pub(super) async fn query(
        &mut self,
        sql: &'static str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, Fault> {
        let mut rows = self.pipeline(&[(sql, parameters)]).await?;
        Ok(rows.pop().unwrap_or_default())
    }

    /// Runs one statement, and returns its row if it has one.
    pub(super) async fn query_opt(
        &mut self,
        sql: &'static str,
        parameters: &[Parameter<'_>],
    ) -> Result<Option<Row>, Fault> {
        Ok(self.query(sql, parameters).await?.into_iter().next())
    }

    /// Begins a transaction and runs statements in it, in one round trip. Returns the rows of each statement.
    pub(super) async fn begin(&mut self, commands: &[Command<'_>]) -> Result<Vec<Vec<Row>>, Fault> {
        self.in_transaction = true;
        let commands: Vec<Command<'_>> = [("BEGIN", &[][..])]
            .into_iter()
            .chain(commands.iter().copied())
            .collect();
        let mut rows = self.pipeline(&commands).await?;
        rows.remove(0);
        Ok(rows)
    }

    /// Runs statements and commits the transaction, in one round trip. Returns the rows of each statement.
    pub(super) async fn commit(
        &mut self,
        commands: &[Command<'_>],
    ) -> Result<Vec<Vec<Row>>, Fault> {
        let commands: Vec<Command<'_>> = commands
            .iter()
            .copied()
            .chain([("COMMIT", &[][..])])
            .collect();
        let mut rows = self.pipeline(&commands).await?;
        self.in_transaction = false;
        rows.pop();
        Ok(rows)
    }

    /// Undoes the transaction.
    pub(super) async fn rollback(&mut self) -> Result<(), Fault> {
        self.pipeline(&[("ROLLBACK", &[])]).await?;
        self.in_transaction = false;
        Ok(())
    }

    /// Runs statements one after the other. All are sent before the result of the first is there. After one
    /// fails, those behind it in a transaction fail too.
    pub(super) async fn pipeline(
        &mut self,
        commands: &[Command<'_>],
    ) -> Result<Vec<Vec<Row>>, Fault> {
        let Some(client) = &self.client else {
            return Err(Fault::Closed);
        };
        let work = async {
            if self.prepared {
                let mut statements = Vec::with_capacity(commands.len());
                for (sql, parameters) in commands {
                    statements.push(prepare(client, sql, parameters).await?);
                }
                let sent = statements.iter().zip(commands).map(|(statement, command)| {
                    let values: Vec<_> = command.1.iter().map(|(value, _)| *value).collect();
                    async move { client.query(statement, &values).await }
                });
                try_join_all(sent).await
            } else {
                let sent = commands.iter().map(|(sql, parameters)| async move {
                    client.query_typed(sql, parameters).await
                });
                try_join_all(sent).await
            }
        };
        let result = match tokio::time::timeout(self.timeout, work).await {
            Ok(result) => result.map_err(Fault::from),
            Err(_) => Err(Fault::TimedOut(self.timeout)),
        };
        if let Err(fault) = &result
            && fault.spoils_connection()
        {
            self.discard();
        }
        result
    }

    /// Closes the connection instead of giving it back to the pool.
    fn discard(&mut self) {
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.in_transaction {
            self.discard();
        }
    }
}

async fn prepare(
    client: &Object,
    sql: &'static str,
    parameters: &[Parameter<'_>],
) -> Result<Statement, tokio_postgres::Error> {
    let types: Vec<Type> = parameters.iter().map(|(_, kind)| kind.clone()).collect();
    client.prepare_typed_cached(sql, &types).await
}
