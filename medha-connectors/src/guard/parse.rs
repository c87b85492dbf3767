//! From text to the tree of exactly one query, in the dialect's own grammar.

use sqlparser::ast::{Query, Statement};
use sqlparser::dialect::{
    BigQueryDialect, Dialect as Grammar, DuckDbDialect, MySqlDialect, PostgreSqlDialect, SnowflakeDialect,
};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace};

use super::error::GuardError;
use super::grammar::SqliteGrammar;
use super::{identifiers, literals};
use crate::dialect::Dialect;

/// No question needs a longer text.
const MAX_BYTES: usize = 100_000;
/// Words, numbers, signs.
const MAX_TOKENS: usize = 20_000;
/// Signs and words that can make the tree deeper by one; SQLite itself stops at 1,000 in one expression.
const MAX_DEEPENING: usize = 1_500;
/// Parentheses within parentheses.
const MAX_NESTING: usize = 64;

/// Parses the definition of a view: the statement that makes it, or its query alone.
pub(crate) fn one_view(sql: &str, dialect: Dialect) -> Result<Query, GuardError> {
    let mut query = match one_statement(sql, dialect)? {
        Statement::CreateView(view) if view.columns.is_empty() => view.query,
        Statement::CreateView(_) => {
            return Err(GuardError::not_allowed("a list of columns behind a view's name"));
        }
        Statement::Query(query) => query,
        other => return Err(GuardError::NotAQuery { statement: first_words(&other) }),
    };
    literals::make_plain(&mut query, dialect)?;
    Ok(*query)
}

/// Parses exactly one statement, which must be a query.
pub(crate) fn one_query(sql: &str, dialect: Dialect) -> Result<Query, GuardError> {
    match one_statement(sql, dialect)? {
        Statement::Query(mut query) => {
            literals::make_plain(&mut query, dialect)?;
            Ok(*query)
        }
        other => Err(GuardError::NotAQuery { statement: first_words(&other) }),
    }
}

fn one_statement(sql: &str, dialect: Dialect) -> Result<Statement, GuardError> {
    // Some editors put a byte order mark at the start of what they copy.
    let sql = sql.trim_start_matches('\u{feff}');
    check_text(sql)?;
    let grammar = grammar(dialect);
    let mut tokens = Tokenizer::new(grammar, sql)
        .tokenize_with_location()
        .map_err(|error| GuardError::Syntax { reason: error.to_string() })?;
    check_comments(tokens.iter().map(|token| &token.token))?;
    check_size(tokens.iter().map(|token| &token.token))?;
    identifiers::check(tokens.iter().map(|token| &token.token))?;
    if matches!(dialect, Dialect::Sqlite | Dialect::Postgres | Dialect::BigQuery | Dialect::DuckDb) {
        read_hexadecimal_numbers(sql, &mut tokens)?;
    }
    let mut statements = Parser::new(grammar)
        .with_recursion_limit(MAX_NESTING)
        .with_tokens_with_locations(tokens)
        .parse_statements()
        .map_err(|error| match error {
            ParserError::RecursionLimitExceeded => {
                GuardError::too_large(format!("more than {MAX_NESTING} levels of nesting"))
            }
            ParserError::TokenizerError(reason) | ParserError::ParserError(reason) => {
                GuardError::Syntax { reason }
            }
        })?;
    if statements.len() != 1 {
        return Err(GuardError::NotOneStatement { count: statements.len() });
    }
    Ok(statements.remove(0))
}

fn grammar(dialect: Dialect) -> &'static dyn Grammar {
    match dialect {
        Dialect::Sqlite => &SqliteGrammar,
        Dialect::Postgres => &PostgreSqlDialect {},
        Dialect::MySql => &MySqlDialect {},
        Dialect::Snowflake => &SnowflakeDialect {},
        Dialect::BigQuery => &BigQueryDialect {},
        Dialect::DuckDb => &DuckDbDialect {},
    }
}

fn check_text(sql: &str) -> Result<(), GuardError> {
    if sql.len() > MAX_BYTES {
        return Err(GuardError::too_large(format!("{} bytes, and {MAX_BYTES} are allowed", sql.len())));
    }
    match sql.char_indices().find(|(_, c)| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        Some((position, c)) => Err(GuardError::ControlCharacter { code: u32::from(c), position }),
        None => Ok(()),
    }
}

/// MySQL and MariaDB run what stands in `/*! */` and `/*M! */`. We would drop it, but whoever writes it means to be run.
fn check_comments<'a>(mut tokens: impl Iterator<Item = &'a Token>) -> Result<(), GuardError> {
    let runs = |token: &Token| match token {
        Token::Whitespace(Whitespace::MultiLineComment(text)) => {
            text.starts_with('!') || text.starts_with("M!")
        }
        _ => false,
    };
    if tokens.any(runs) { Err(GuardError::not_allowed("a comment that some servers run")) } else { Ok(()) }
}

/// A tree as deep as the text is long would overflow the stack when it is walked or dropped, so the depth is bounded before
/// there is a tree. Only what can deepen it counts: a list of thousands of values is flat.
fn check_size<'a>(tokens: impl Iterator<Item = &'a Token>) -> Result<(), GuardError> {
    let (mut count, mut deepening) = (0, 0);
    for token in tokens {
        match token {
            Token::Whitespace(_) => continue,
            Token::Word(word) if !deepens(word.keyword) => {}
            Token::Comma
            | Token::Period
            | Token::RParen
            | Token::SemiColon
            | Token::EOF
            | Token::Number(..)
            | Token::SingleQuotedString(_) => {}
            _ => deepening += 1,
        }
        count += 1;
    }
    if count > MAX_TOKENS {
        Err(GuardError::too_large(format!("{count} words and signs, and {MAX_TOKENS} are allowed")))
    } else if deepening > MAX_DEEPENING {
        Err(GuardError::too_large(format!("{deepening} operators, and {MAX_DEEPENING} are allowed")))
    } else {
        Ok(())
    }
}

/// The tokenizer takes the number `0x1F` for the bytes `X'1F'`, as MySQL does; to the others it is 31.
fn read_hexadecimal_numbers(sql: &str, tokens: &mut [TokenWithSpan]) -> Result<(), GuardError> {
    for token in tokens {
        let Token::HexStringLiteral(digits) = &token.token else {
            continue;
        };
        let [line, column] = [token.span.start.line, token.span.start.column]
            .map(|place| usize::try_from(place).unwrap_or(usize::MAX).saturating_sub(1));
        let first = sql.split('\n').nth(line).and_then(|line| line.chars().nth(column));
        if matches!(first, Some('x' | 'X')) {
            continue;
        }
        let number = i64::from_str_radix(digits, 16).map_err(|_| GuardError::Syntax {
            reason: format!("0x{digits} is not a number of 64 bits; write it with decimal digits"),
        })?;
        token.token = Token::Number(number.to_string(), false);
    }
    Ok(())
}

/// Whether a keyword can stand in a chain that the parser turns into depth.
fn deepens(keyword: Keyword) -> bool {
    !matches!(keyword, Keyword::NoKeyword | Keyword::NULL | Keyword::AS | Keyword::TRUE | Keyword::FALSE)
}

/// The words a statement starts with, to name it in an error.
fn first_words(statement: &Statement) -> String {
    statement.to_string().split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}
