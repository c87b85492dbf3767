//! Lists, structs and maps as JSON text, in which numbers keep all their digits.

use arrow_array::cast::AsArray;
use arrow_array::{Array, MapArray};
use arrow_schema::DataType;

use super::values;
use crate::value::Value;

/// A value that holds others, as JSON.
pub(super) fn json(array: &dyn Array, row: usize) -> String {
    let mut text = String::new();
    write(array, row, &mut text);
    text
}

fn write(array: &dyn Array, row: usize, text: &mut String) {
    if array.is_null(row) {
        return text.push_str("null");
    }
    match array.data_type() {
        DataType::List(_) => list(array.as_list::<i32>().value(row).as_ref(), text),
        DataType::LargeList(_) => list(array.as_list::<i64>().value(row).as_ref(), text),
        DataType::FixedSizeList(..) => list(array.as_fixed_size_list().value(row).as_ref(), text),
        DataType::ListView(_) => list(array.as_list_view::<i32>().value(row).as_ref(), text),
        DataType::LargeListView(_) => list(array.as_list_view::<i64>().value(row).as_ref(), text),
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns();
            let names = fields.iter().map(|field| field.name().clone());
            object(names, columns.iter().map(|column| (column.as_ref(), row)), text);
        }
        DataType::Map(..) => map(array.as_map(), row, text),
        _ => scalar(&values::value(array, row), text),
    }
}

fn list(items: &dyn Array, text: &mut String) {
    text.push('[');
    for item in 0..items.len() {
        if item > 0 {
            text.push(',');
        }
        write(items, item, text);
    }
    text.push(']');
}

/// An object where the keys are texts, else a list of pairs.
fn map(map: &MapArray, row: usize, text: &mut String) {
    let entries = map.value(row);
    let [keys, entry_values] = entries.columns() else { return text.push_str("{}") };
    let places = 0..entries.len();
    if matches!(keys.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) {
        let names = places.clone().map(|place| match values::value(keys.as_ref(), place) {
            Value::Text(name) => name,
            _ => String::new(),
        });
        return object(names, places.map(|place| (entry_values.as_ref(), place)), text);
    }
    text.push('[');
    for place in places {
        if place > 0 {
            text.push(',');
        }
        let pair = [(keys.as_ref(), place), (entry_values.as_ref(), place)];
        object(["key".to_owned(), "value".to_owned()].into_iter(), pair.into_iter(), text);
    }
    text.push(']');
}

fn object<'a>(
    names: impl Iterator<Item = String>,
    places: impl Iterator<Item = (&'a dyn Array, usize)>,
    text: &mut String,
) {
    text.push('{');
    for (count, (name, (array, row))) in names.zip(places).enumerate() {
        if count > 0 {
            text.push(',');
        }
        scalar(&Value::Text(name), text);
        text.push(':');
        write(array, row, text);
    }
    text.push('}');
}

fn scalar(value: &Value, text: &mut String) {
    match value {
        // As numbers, since a reader of this text may know how to keep them.
        Value::Integer(number) => text.push_str(&number.to_string()),
        Value::Decimal(digits) => text.push_str(digits),
        other => text.push_str(&serde_json::to_string(other).unwrap_or_else(|_| "null".to_owned())),
    }
}
