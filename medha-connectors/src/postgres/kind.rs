//! What the types of PostgreSQL promise, by their numbers.

use crate::value::ColumnKind;

/// How the text of a value is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    Boolean,
    Integer,
    Float,
    Decimal,
    Bytes,
    /// As it is: dates, intervals, arrays, ranges, enums, and whatever a user has defined.
    Text,
}

/// How values of the type of this number are read. The numbers are fixed in PostgreSQL's catalog.
pub(crate) fn reading(oid: u32) -> Reading {
    match oid {
        16 => Reading::Boolean,
        // int8, int2, int4, oid
        20 | 21 | 23 | 26 => Reading::Integer,
        700 | 701 => Reading::Float,
        1700 => Reading::Decimal,
        17 => Reading::Bytes,
        _ => Reading::Text,
    }
}

/// What the type of this number promises.
pub(crate) fn kind(oid: u32) -> ColumnKind {
    match reading(oid) {
        Reading::Boolean => ColumnKind::Boolean,
        Reading::Integer => ColumnKind::Integer,
        Reading::Float => ColumnKind::Float,
        Reading::Decimal => ColumnKind::Decimal,
        Reading::Bytes => ColumnKind::Blob,
        Reading::Text => match oid {
            1082 => ColumnKind::Date,
            1114 | 1184 => ColumnKind::DateTime,
            1083 => ColumnKind::Time,
            // char, name, text, json, xml, bpchar, varchar, timetz, interval, uuid, jsonb
            18 | 19 | 25 | 114 | 142 | 1042 | 1043 | 1266 | 1186 | 2950 | 3802 => ColumnKind::Text,
            _ => ColumnKind::Unknown,
        },
    }
}
