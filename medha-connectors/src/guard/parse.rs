//! From text to the tree of exactly one query, in the dialect's own grammar: first its words and signs, then the tree.

use sqlparser::ast::{Query, Statement};
use sqlparser::dialect::{
    BigQueryDialect, Dialect as Grammar, DuckDbDialect, MySqlDialect, PostgreSqlDialect, SnowflakeDialect,
};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace};

use super::error::GuardError;
use super::grammar::SqliteGrammar;
use super::limit::PutOn;
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

/// The words and signs of a text, checked and bounded.
#[derive(Debug)]
pub(crate) struct Words {
    tokens: Vec<TokenWithSpan>,
    dialect: Dialect,
    /// How many of them can make the tree deeper by one.
    deepening: usize,
}

/// Parses the definition of a view: the statement that makes it, or its query alone.
pub(crate) fn one_view(sql: &str, dialect: Dialect) -> Result<Query, GuardError> {
    let mut query = match words(sql, dialect)?.into_statement()? {
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
    words(sql, dialect)?.into_query()
}

/// Reads the words and signs of a text.
pub(crate) fn words(sql: &str, dialect: Dialect) -> Result<Words, GuardError> {
    // Some editors put a byte order mark at the start of what they copy.
    let sql = sql.trim_start_matches('\u{feff}');
    check_text(sql)?;
    let mut tokens = Tokenizer::new(grammar(dialect), sql)
        .tokenize_with_location()
        .map_err(|error| GuardError::Syntax { reason: error.to_string() })?;
    check_comments(tokens.iter().map(|token| &token.token))?;
    let deepening = check_size(tokens.iter().map(|token| &token.token))?;
    identifiers::check(tokens.iter().map(|token| &token.token))?;
    if matches!(dialect, Dialect::Sqlite | Dialect::Postgres | Dialect::BigQuery | Dialect::DuckDb) {
        read_hexadecimal_numbers(sql, &mut tokens)?;
    }
    Ok(Words { tokens, dialect, deepening })
}

impl Words {
    /// How deep the tree can be, at most.
    pub(crate) fn deepening(&self) -> usize {
        self.deepening
    }

    /// What tells one tree from another, to hold what is written against what was asked. `None` where the parser looks at
    /// more than that.
    ///
    /// The parser sees words and signs, and in these grammars the spaces and remarks between them only in three places:
    /// between two texts in a row, behind `:` and `@`, and in a hint, which `shape` refuses.
    pub(crate) fn significant(&self) -> Option<Vec<Token>> {
        if !matches!(self.dialect, Dialect::Sqlite | Dialect::Postgres | Dialect::MySql) {
            return None;
        }
        let mut significant: Vec<Token> = Vec::with_capacity(self.tokens.len());
        for token in self.tokens.iter().map(|token| &token.token) {
            match token {
                Token::Whitespace(_) | Token::EOF => continue,
                Token::Colon | Token::AtSign => return None,
                _ if is_text(token) && significant.last().is_some_and(is_text) => return None,
                _ => significant.push(token.clone()),
            }
        }
        while significant.last() == Some(&Token::SemiColon) {
            significant.pop();
        }
        Some(significant)
    }

    /// Whether this is what was asked, word for word, and behind it the limit that was put on, if one was.
    pub(crate) fn are(&self, asked: &[Token], put_on: PutOn) -> bool {
        let mut tokens = self.tokens.iter().map(|token| &token.token).filter(|token| is_significant(token));
        let is_as_asked = asked.iter().all(|asked| tokens.next().is_some_and(|token| is_same(token, asked)));
        is_as_asked
            && match (put_on, tokens.next(), tokens.next(), tokens.next()) {
                (PutOn::Nothing, None, _, _) => true,
                (PutOn::Behind(rows), Some(Token::Word(word)), Some(Token::Number(number, false)), None) => {
                    word.keyword == Keyword::LIMIT && *number == rows.to_string()
                }
                (PutOn::Nothing | PutOn::Behind(_) | PutOn::Within, ..) => false,
            }
    }

    /// Parses them as exactly one statement, which must be a query.
    pub(crate) fn into_query(self) -> Result<Query, GuardError> {
        let dialect = self.dialect;
        match self.into_statement()? {
            Statement::Query(mut query) => {
                literals::make_plain(&mut query, dialect)?;
                Ok(*query)
            }
            other => Err(GuardError::NotAQuery { statement: first_words(&other) }),
        }
    }

    fn into_statement(self) -> Result<Statement, GuardError> {
        let mut statements = Parser::new(grammar(self.dialect))
            .with_recursion_limit(MAX_NESTING)
            .with_tokens_with_locations(self.tokens)
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
}

fn is_significant(token: &Token) -> bool {
    !matches!(token, Token::Whitespace(_) | Token::EOF)
}

/// Whether a token is a text in quotes of any kind; the parser may put two of them together.
fn is_text(token: &Token) -> bool {
    matches!(
        token,
        Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
            | Token::NationalStringLiteral(_)
            | Token::EscapedStringLiteral(_)
            | Token::UnicodeStringLiteral(_)
            | Token::HexStringLiteral(_)
            | Token::DollarQuotedString(_)
    )
}

/// Whether two tokens mean the same; the writer writes keywords in capitals.
fn is_same(written: &Token, asked: &Token) -> bool {
    match (written, asked) {
        (Token::Word(written), Token::Word(asked)) => {
            written.keyword == asked.keyword
                && written.quote_style == asked.quote_style
                && (written.value == asked.value
                    || (written.keyword != Keyword::NoKeyword
                        && written.value.eq_ignore_ascii_case(&asked.value)))
        }
        _ => written == asked,
    }
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
fn check_size<'a>(tokens: impl Iterator<Item = &'a Token>) -> Result<usize, GuardError> {
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
        Ok(deepening)
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
