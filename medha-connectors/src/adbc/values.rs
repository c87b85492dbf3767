//! Arrow's arrays as our values, with nothing lost.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, ArrowPrimitiveType, Date32Type, Date64Type, Decimal32Type, Decimal64Type,
    Decimal128Type, Decimal256Type, DecimalType, DurationMicrosecondType, DurationMillisecondType,
    DurationNanosecondType, DurationSecondType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, IntervalDayTimeType, IntervalMonthDayNanoType, IntervalYearMonthType,
    RunEndIndexType, Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Field, IntervalUnit, Schema, TimeUnit};

use super::{moments, nested};
use crate::value::{ColumnKind, ResultColumn, Value};

const DAY_MILLISECONDS: i64 = 86_400_000;

/// The columns of an answer.
pub(super) fn columns(schema: &Schema) -> Vec<ResultColumn> {
    let columns = schema.fields().iter();
    columns.map(|field| ResultColumn { name: field.name().clone(), kind: kind(field.data_type()) }).collect()
}

/// Some rows of a batch.
pub(super) fn rows(batch: &RecordBatch, rows: std::ops::Range<usize>) -> Vec<Vec<Value>> {
    let schema = batch.schema();
    let columns: Vec<(&dyn Array, Option<Extension>)> = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(array, field)| (array.as_ref(), Extension::of(field)))
        .collect();
    rows.map(|row| columns.iter().map(|(array, extension)| cell(*array, row, *extension)).collect()).collect()
}

/// What a type says about the values.
fn kind(data_type: &DataType) -> ColumnKind {
    match data_type {
        DataType::Boolean => ColumnKind::Boolean,
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64
        | DataType::Decimal32(_, 0)
        | DataType::Decimal64(_, 0)
        | DataType::Decimal128(_, 0)
        | DataType::Decimal256(_, 0) => ColumnKind::Integer,
        DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => ColumnKind::Decimal,
        DataType::Float16 | DataType::Float32 | DataType::Float64 => ColumnKind::Float,
        DataType::Date32 | DataType::Date64 => ColumnKind::Date,
        DataType::Timestamp(..) => ColumnKind::DateTime,
        DataType::Time32(_) | DataType::Time64(_) => ColumnKind::Time,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            ColumnKind::Blob
        }
        DataType::Dictionary(_, values) => kind(values),
        DataType::RunEndEncoded(_, values) => kind(values.data_type()),
        DataType::Union(..) | DataType::Null => ColumnKind::Unknown,
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Duration(_)
        | DataType::Interval(_)
        | DataType::List(_)
        | DataType::LargeList(_)
        | DataType::FixedSizeList(..)
        | DataType::ListView(_)
        | DataType::LargeListView(_)
        | DataType::Struct(_)
        | DataType::Map(..) => ColumnKind::Text,
    }
}

/// Bytes that mean something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extension {
    Uuid,
}

impl Extension {
    fn of(field: &Field) -> Option<Self> {
        let is_uuid = field.extension_type_name() == Some("arrow.uuid");
        (is_uuid && *field.data_type() == DataType::FixedSizeBinary(16)).then_some(Self::Uuid)
    }
}

fn cell(array: &dyn Array, row: usize, extension: Option<Extension>) -> Value {
    match (value(array, row), extension) {
        (Value::Blob(bytes), Some(Extension::Uuid)) => Value::Text(uuid(&bytes)),
        (value, _) => value,
    }
}

fn uuid(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let ends = [0, 8, 12, 16, 20, digits.len()];
    ends.windows(2).map(|part| &digits[part[0]..part[1]]).collect::<Vec<_>>().join("-")
}

/// One value; lists, structs and maps are JSON.
pub(super) fn value(array: &dyn Array, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    let text = |text: &str| Value::Text(text.to_owned());
    match array.data_type() {
        DataType::Null => Value::Null,
        DataType::Boolean => Value::Bool(array.as_boolean().value(row)),
        DataType::Int8 => integer::<Int8Type>(array, row),
        DataType::Int16 => integer::<Int16Type>(array, row),
        DataType::Int32 => integer::<Int32Type>(array, row),
        DataType::Int64 => integer::<Int64Type>(array, row),
        DataType::UInt8 => integer::<UInt8Type>(array, row),
        DataType::UInt16 => integer::<UInt16Type>(array, row),
        DataType::UInt32 => integer::<UInt32Type>(array, row),
        DataType::UInt64 => whole(primitive::<UInt64Type>(array, row).to_string()),
        // Text between, so that 0.1 stays 0.1 when it becomes a double.
        DataType::Float16 => float(&primitive::<Float16Type>(array, row).to_string()),
        DataType::Float32 => float(&primitive::<Float32Type>(array, row).to_string()),
        DataType::Float64 => Value::Float(primitive::<Float64Type>(array, row)),
        DataType::Decimal32(_, scale) => decimal::<Decimal32Type>(array, row, *scale),
        DataType::Decimal64(_, scale) => decimal::<Decimal64Type>(array, row, *scale),
        DataType::Decimal128(_, scale) => decimal::<Decimal128Type>(array, row, *scale),
        DataType::Decimal256(_, scale) => decimal::<Decimal256Type>(array, row, *scale),
        DataType::Utf8 => text(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => text(array.as_string::<i64>().value(row)),
        DataType::Utf8View => text(array.as_string_view().value(row)),
        DataType::Binary => Value::Blob(array.as_binary::<i32>().value(row).to_vec()),
        DataType::LargeBinary => Value::Blob(array.as_binary::<i64>().value(row).to_vec()),
        DataType::BinaryView => Value::Blob(array.as_binary_view().value(row).to_vec()),
        DataType::FixedSizeBinary(_) => Value::Blob(array.as_fixed_size_binary().value(row).to_vec()),
        DataType::Date32 => Value::Text(moments::date(i64::from(primitive::<Date32Type>(array, row)))),
        DataType::Date64 => {
            Value::Text(moments::date(primitive::<Date64Type>(array, row).div_euclid(DAY_MILLISECONDS)))
        }
        DataType::Time32(unit) => Value::Text(moments::time(
            i64::from(match unit {
                TimeUnit::Second => primitive::<Time32SecondType>(array, row),
                _ => primitive::<Time32MillisecondType>(array, row),
            }),
            *unit,
        )),
        DataType::Time64(unit) => Value::Text(moments::time(
            match unit {
                TimeUnit::Microsecond => primitive::<Time64MicrosecondType>(array, row),
                _ => primitive::<Time64NanosecondType>(array, row),
            },
            *unit,
        )),
        DataType::Timestamp(unit, zone) => {
            let number = match unit {
                TimeUnit::Second => primitive::<TimestampSecondType>(array, row),
                TimeUnit::Millisecond => primitive::<TimestampMillisecondType>(array, row),
                TimeUnit::Microsecond => primitive::<TimestampMicrosecondType>(array, row),
                TimeUnit::Nanosecond => primitive::<TimestampNanosecondType>(array, row),
            };
            Value::Text(moments::timestamp(number, *unit, zone.is_some()))
        }
        DataType::Duration(unit) => {
            let number = match unit {
                TimeUnit::Second => primitive::<DurationSecondType>(array, row),
                TimeUnit::Millisecond => primitive::<DurationMillisecondType>(array, row),
                TimeUnit::Microsecond => primitive::<DurationMicrosecondType>(array, row),
                TimeUnit::Nanosecond => primitive::<DurationNanosecondType>(array, row),
            };
            Value::Text(moments::duration(number, *unit))
        }
        DataType::Interval(unit) => Value::Text(match unit {
            IntervalUnit::YearMonth => moments::months(primitive::<IntervalYearMonthType>(array, row)),
            IntervalUnit::DayTime => {
                moments::days_and_milliseconds(primitive::<IntervalDayTimeType>(array, row))
            }
            IntervalUnit::MonthDayNano => {
                moments::months_days_and_nanoseconds(primitive::<IntervalMonthDayNanoType>(array, row))
            }
        }),
        DataType::Dictionary(key, _) => match **key {
            DataType::Int8 => named::<Int8Type>(array, row),
            DataType::Int16 => named::<Int16Type>(array, row),
            DataType::Int32 => named::<Int32Type>(array, row),
            DataType::UInt8 => named::<UInt8Type>(array, row),
            DataType::UInt16 => named::<UInt16Type>(array, row),
            DataType::UInt32 => named::<UInt32Type>(array, row),
            DataType::UInt64 => named::<UInt64Type>(array, row),
            _ => named::<Int64Type>(array, row),
        },
        DataType::RunEndEncoded(ends, _) => match ends.data_type() {
            DataType::Int16 => repeated::<Int16Type>(array, row),
            DataType::Int32 => repeated::<Int32Type>(array, row),
            _ => repeated::<Int64Type>(array, row),
        },
        DataType::Union(..) => {
            let union = array.as_union();
            value(union.child(union.type_id(row)).as_ref(), union.value_offset(row))
        }
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::FixedSizeList(..)
        | DataType::ListView(_)
        | DataType::LargeListView(_)
        | DataType::Struct(_)
        | DataType::Map(..) => Value::Text(nested::json(array, row)),
    }
}

fn primitive<T: ArrowPrimitiveType>(array: &dyn Array, row: usize) -> T::Native {
    array.as_primitive::<T>().value(row)
}

fn integer<T: ArrowPrimitiveType>(array: &dyn Array, row: usize) -> Value
where
    T::Native: Into<i64>,
{
    Value::Integer(primitive::<T>(array, row).into())
}

/// An integer where it fits, else its digits.
fn whole(digits: String) -> Value {
    digits.parse().map_or(Value::Decimal(digits), Value::Integer)
}

fn float(text: &str) -> Value {
    Value::Float(text.parse().unwrap_or(f64::NAN))
}

/// Without a fraction it is a whole number: so Snowflake stores all of them, and DuckDB those of more than 64 bits.
fn decimal<T: DecimalType>(array: &dyn Array, row: usize, scale: i8) -> Value {
    let digits = array.as_primitive::<T>().value_as_string(row);
    if scale <= 0 { whole(digits) } else { Value::Decimal(digits) }
}

fn named<K: ArrowDictionaryKeyType>(array: &dyn Array, row: usize) -> Value {
    let dictionary = array.as_dictionary::<K>();
    dictionary.key(row).map_or(Value::Null, |key| value(dictionary.values().as_ref(), key))
}

fn repeated<R: RunEndIndexType>(array: &dyn Array, row: usize) -> Value {
    let runs = array.as_run::<R>();
    value(runs.values().as_ref(), runs.get_physical_index(row))
}
