//! What kind of field a field is.

use crate::semantic::{DataType, Field};

/// Whether a field says yes or no.
pub(crate) fn is_boolean(field: &Field) -> bool {
    if field.data_type == DataType::Boolean {
        return true;
    }
    let values = &field.values;
    values.len() <= 2 && !values.is_empty() && values.iter().all(|value| yes_or_no(&value.value).is_some())
}

/// Whether a stored value means yes or no.
pub(crate) fn yes_or_no(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "yes" | "true" | "t" | "y" | "1" => Some(true),
        "no" | "false" | "f" | "n" | "0" => Some(false),
        _ => None,
    }
}
