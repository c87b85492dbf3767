//! Bytes, which are what BigQuery charges for: how they are written, read and rounded.

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;
const TIB: u64 = 1024 * GIB;
/// A statement that reads anything of a table is billed for at least this.
const LEAST_BILLED: u64 = 10 * MIB;

/// `"1.2 GiB"`.
pub(super) fn shown(bytes: u64) -> String {
    let (unit, name) = match bytes {
        TIB.. => (TIB, "TiB"),
        GIB.. => (GIB, "GiB"),
        MIB.. => (MIB, "MiB"),
        KIB.. => (KIB, "KiB"),
        _ => return format!("{bytes} bytes"),
    };
    // In tenths, without a detour over floats.
    let tenths = u128::from(bytes) * 10 / u128::from(unit);
    match tenths % 10 {
        0 => format!("{} {name}", tenths / 10),
        tenth => format!("{}.{tenth} {name}", tenths / 10),
    }
}

/// Bytes as a person writes them: `1073741824` or `1 GiB`.
pub(super) fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = match unit.trim() {
        "" | "B" => 1,
        "KiB" => KIB,
        "MiB" => MIB,
        "GiB" => GIB,
        "TiB" => TIB,
        _ => return None,
    };
    let bytes = number.parse::<u64>().ok()?.checked_mul(unit)?;
    // BigQuery takes a signed number.
    i64::try_from(bytes).is_ok().then_some(bytes)
}

/// What a statement that reads so much of one table is billed for.
pub(super) fn billed(bytes: u64) -> u64 {
    if bytes == 0 { 0 } else { bytes.div_ceil(MIB).saturating_mul(MIB).max(LEAST_BILLED) }
}

/// The plan of a statement, as far as BigQuery tells before it runs.
pub(super) fn plan(bytes: u64, limit: u64) -> String {
    let billed = billed(bytes);
    let within = if billed <= limit { "within" } else { "over" };
    #[allow(clippy::cast_precision_loss, reason = "a price is multiplied with it, and six digits are shown")]
    let tebibytes = billed as f64 / TIB as f64;
    format!(
        "it would read {} ({bytes} bytes)\non demand it would be billed as {} or {tebibytes:.6} TiB; each table counts for 10 \
         MiB at least, and an answer that is cached is free\nthat is {within} the limit of {} a statement",
        shown(bytes),
        shown(billed),
        shown(limit),
    )
}

/// Why a statement is not even begun.
pub(super) fn too_dear(bytes: u64, limit: u64) -> String {
    format!(
        "it would read {}, and {} is the limit; ask for fewer columns or for less time, or raise \"maximum_bytes_billed\"",
        shown(bytes),
        shown(limit)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_and_read() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1_023, "1023 bytes"),
            (1_024, "1 KiB"),
            (1_331_691_520, "1.2 GiB"),
            (u64::MAX, "16777215.9 TiB"),
        ] {
            assert_eq!(shown(bytes), text);
        }
        assert_eq!(parse(" 10 GiB"), Some(10 << 30));
        assert_eq!(parse("10GiB"), Some(10 << 30));
        for wrong in ["", "GiB", "-1", "1.5 GiB", "10 GB", "9223372036854775808", "99999999999 TiB"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_billed_is_rounded_up() {
        assert_eq!(billed(0), 0);
        assert_eq!(billed(1), 10 * MIB);
        assert_eq!(billed(10 * MIB + 1), 11 * MIB);
    }

    #[test]
    fn a_plan_says_what_it_costs() {
        assert_eq!(
            plan(5 * GIB, GIB),
            "it would read 5 GiB (5368709120 bytes)\non demand it would be billed as 5 GiB or 0.004883 TiB; each table counts \
             for 10 MiB at least, and an answer that is cached is free\nthat is over the limit of 1 GiB a statement"
        );
    }
}
