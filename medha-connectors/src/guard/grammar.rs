//! SQLite's grammar as the parser has it, with what the parser leaves out.

use std::any::TypeId;

use sqlparser::ast::{Expr, Statement};
use sqlparser::dialect::{Dialect, Precedence, SQLiteDialect};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

/// SQLite's dialect with `<<`, `>>`, `ISNULL` and the comparison `a IS b`, which knows `NULL` on both sides.
#[derive(Debug)]
pub(crate) struct SqliteGrammar;

const BASE: SQLiteDialect = SQLiteDialect {};

impl Dialect for SqliteGrammar {
    /// The parser asks for the dialect by its type here and there.
    fn dialect(&self) -> TypeId {
        BASE.dialect()
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        BASE.is_delimited_identifier_start(ch)
    }

    fn identifier_quote_style(&self, identifier: &str) -> Option<char> {
        BASE.identifier_quote_style(identifier)
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        BASE.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        BASE.is_identifier_part(ch)
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        BASE.supports_filter_during_aggregation()
    }

    fn supports_start_transaction_modifier(&self) -> bool {
        BASE.supports_start_transaction_modifier()
    }

    fn parse_statement(&self, parser: &mut Parser<'_>) -> Option<Result<Statement, ParserError>> {
        BASE.parse_statement(parser)
    }

    fn parse_infix(
        &self,
        parser: &mut Parser<'_>,
        expr: &Expr,
        precedence: u8,
    ) -> Option<Result<Expr, ParserError>> {
        if is_isnull(parser) {
            parser.next_token();
            Some(Ok(Expr::IsNull(Box::new(expr.clone()))))
        } else if parser.parse_keyword(Keyword::IS) {
            Some(is(parser, expr, precedence))
        } else {
            BASE.parse_infix(parser, expr, precedence)
        }
    }

    fn get_next_precedence(&self, parser: &Parser<'_>) -> Option<Result<u8, ParserError>> {
        is_isnull(parser).then(|| Ok(self.prec_value(Precedence::Is)))
    }

    fn supports_in_empty_list(&self) -> bool {
        BASE.supports_in_empty_list()
    }

    fn supports_limit_comma(&self) -> bool {
        BASE.supports_limit_comma()
    }

    fn supports_asc_desc_in_column_definition(&self) -> bool {
        BASE.supports_asc_desc_in_column_definition()
    }

    fn supports_dollar_placeholder(&self) -> bool {
        BASE.supports_dollar_placeholder()
    }

    fn supports_notnull_operator(&self) -> bool {
        BASE.supports_notnull_operator()
    }

    fn supports_comma_separated_trim(&self) -> bool {
        BASE.supports_comma_separated_trim()
    }

    fn supports_numeric_literal_underscores(&self) -> bool {
        BASE.supports_numeric_literal_underscores()
    }

    fn supports_bitwise_shift_operators(&self) -> bool {
        true
    }
}

/// `a ISNULL`, which the parser would take for a name.
fn is_isnull(parser: &Parser<'_>) -> bool {
    matches!(
        &parser.peek_token_ref().token,
        Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("isnull")
    )
}

/// What follows `IS`: to SQLite it is a comparison like `=`, whatever stands on its right.
fn is(parser: &mut Parser<'_>, left: &Expr, precedence: u8) -> Result<Expr, ParserError> {
    let left = Box::new(left.clone());
    let negated = parser.parse_keyword(Keyword::NOT);
    if parser.parse_keyword(Keyword::NULL) {
        return Ok(if negated { Expr::IsNotNull(left) } else { Expr::IsNull(left) });
    }
    if parser.parse_keyword(Keyword::TRUE) {
        return Ok(if negated { Expr::IsNotTrue(left) } else { Expr::IsTrue(left) });
    }
    if parser.parse_keyword(Keyword::FALSE) {
        return Ok(if negated { Expr::IsNotFalse(left) } else { Expr::IsFalse(left) });
    }
    // `IS DISTINCT FROM` is another way to write `IS NOT`.
    let differs = parser.parse_keywords(&[Keyword::DISTINCT, Keyword::FROM]) != negated;
    let right = Box::new(parser.parse_subexpr(precedence)?);
    Ok(if differs { Expr::IsDistinctFrom(left, right) } else { Expr::IsNotDistinctFrom(left, right) })
}
