//! Dates and durations as Java's tools read them.

/// Milliseconds since the epoch of a date as `--to-datetime` has it: `yyyy-MM-ddTHH:mm:ss.SSS`,
/// with or without a time zone (UTC without).
///
/// # Errors
/// The message of Java's `ParseException`.
pub(crate) fn date_time(text: &str) -> Result<i64, String> {
    const NO_TIME: &str =
        "Error parsing timestamp. It does not contain a 'T' according to ISO8601 format";
    let (date, time) = text.split_once('T').filter(|(_, time)| !time.is_empty()).ok_or(NO_TIME)?;
    let zoned = time.contains(['+', '-', 'Z']);
    let whole = if zoned { text.to_owned() } else { format!("{text}Z") };
    let wrong = || format!("Unparseable date: \"{whole}\"");
    let zoned_time = if zoned { time.to_owned() } else { format!("{time}Z") };
    read_date_time(date, &zoned_time).ok_or_else(wrong)
}

fn read_date_time(date: &str, time: &str) -> Option<i64> {
    let mut date = date.splitn(3, '-');
    let mut number = |most: i64| digits(date.next()?).filter(|number| *number <= most);
    let (year, month, day) = (number(9_999)?, number(12)?, number(31)?);
    let zone = time.find(['+', '-', 'Z'])?;
    let (clock, zone) = time.split_at_checked(zone)?;
    let (clock, millis) = clock.split_once('.')?;
    let mut clock = clock.splitn(3, ':');
    let mut number = |most: i64| digits(clock.next()?).filter(|number| *number <= most);
    let (hour, minute, second) = (number(23)?, number(59)?, number(59)?);
    let millis = digits(millis).filter(|millis| *millis <= 999)?;
    if month < 1 || day < 1 || day > days_in(year, month) {
        return None;
    }
    let minutes = (days_since_epoch(year, month, day) * 24 + hour) * 60 + minute;
    Some(((minutes - zone_minutes(zone)?) * 60 + second) * 1_000 + millis)
}

fn digits(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// `Z`, `+01:00` or `+01`, in minutes east of UTC.
fn zone_minutes(zone: &str) -> Option<i64> {
    if zone.starts_with('Z') {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let hours = digits(zone.get(1..3)?).filter(|hours| *hours <= 23)?;
    let minutes = match zone.get(3..6).and_then(|rest| rest.strip_prefix(':')) {
        Some(minutes) => digits(minutes).filter(|minutes| *minutes <= 59)?,
        None => 0,
    };
    Some(sign * (hours * 60 + minutes))
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01, by counting in years that begin in March.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Milliseconds of a duration as `--by-duration` has it (`PnDTnHnMn.nS`, ISO 8601).
///
/// # Errors
/// The message of Java's `DateTimeParseException`.
pub(crate) fn duration(text: &str) -> Result<i64, String> {
    read_duration(text).ok_or_else(|| "Text cannot be parsed to a Duration".to_owned())
}

fn read_duration(text: &str) -> Option<i64> {
    let upper = text.to_ascii_uppercase();
    let (sign, rest) = match upper.strip_prefix('-') {
        Some(rest) => (-1_i64, rest),
        None => (1, upper.strip_prefix('+').unwrap_or(&upper)),
    };
    let rest = rest.strip_prefix('P')?;
    let (days, times) = match rest.split_once('T') {
        Some((days, times)) => (days, Some(times)),
        None => (rest, None),
    };
    let mut total = 0_i64;
    let mut parts = 0;
    let mut add = |amount: &str, unit: i64| -> Option<()> {
        parts += 1;
        total = total.checked_add(scaled(amount, unit)?)?;
        Some(())
    };
    if !days.is_empty() {
        let days = days.strip_suffix('D').filter(|days| !days.contains(['.', ',']))?;
        add(days, 86_400_000)?;
    }
    if let Some(times) = times {
        let mut left = times;
        for (letter, unit) in [('H', 3_600_000), ('M', 60_000), ('S', 1_000)] {
            if let Some((amount, after)) = left.split_once(letter) {
                if letter != 'S' && amount.contains(['.', ',']) {
                    return None;
                }
                add(amount, unit)?;
                left = after;
            }
        }
        if !left.is_empty() || times.is_empty() {
            return None;
        }
    }
    if parts == 0 { None } else { total.checked_mul(sign) }
}

/// A number with a sign and perhaps a fraction, times `unit`.
fn scaled(amount: &str, unit: i64) -> Option<i64> {
    let amount = amount.replace(',', ".");
    let (whole, fraction) = amount.split_once('.').unwrap_or((&amount, ""));
    let negative = whole.starts_with('-');
    let unsigned = whole.strip_prefix(['-', '+']).unwrap_or(whole);
    let whole = digits(unsigned).filter(|_| !unsigned.is_empty())?.checked_mul(unit)?;
    if fraction.len() > 9 || (!fraction.is_empty() && digits(fraction).is_none()) {
        return None;
    }
    let millis = digits(&format!("{fraction:0<3}").chars().take(3).collect::<String>())?;
    let fraction = if amount.contains('.') { millis } else { 0 };
    let total = whole.checked_add(fraction)?;
    Some(if negative { -total } else { total })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_java_reads_them() {
        assert_eq!(date_time("1970-01-01T00:00:00.000"), Ok(0));
        assert_eq!(date_time("2001-01-01T00:00:00.000Z"), Ok(978_307_200_000));
        assert_eq!(date_time("2001-01-01T00:00:00.000+01:00"), Ok(978_303_600_000));
        assert_eq!(date_time("2001-01-01T00:00:00.000-0130"), Ok(978_310_800_000));
        assert_eq!(date_time("2024-02-29T23:59:59.999"), Ok(1_709_251_199_999));
        assert_eq!(date_time("1969-12-31T23:59:59.000"), Ok(-1_000));
        for wrong in
            ["2023-02-29T00:00:00.000", "2001-13-01T00:00:00.000", "2001-01-01T25:00:00.000"]
        {
            assert_eq!(date_time(wrong), Err(format!("Unparseable date: \"{wrong}Z\"")));
        }
        assert!(date_time("2001-01-01T00:00:00").is_err());
        let no_time =
            "Error parsing timestamp. It does not contain a 'T' according to ISO8601 format";
        for wrong in ["silly", "2001-01-01", "2001-01-01T", ""] {
            assert_eq!(date_time(wrong), Err(no_time.to_owned()), "{wrong}");
        }
    }

    #[test]
    fn durations_are_read_as_java_reads_them() {
        for (text, millis) in [
            ("PT0S", 0),
            ("PT1H", 3_600_000),
            ("P1D", 86_400_000),
            ("P1DT2H3M4.5S", 93_784_500),
            ("pt1m", 60_000),
            ("PT-1M", -60_000),
            ("-PT1M", -60_000),
            ("PT1,25S", 1_250),
            ("PT-1.5S", -1_500),
        ] {
            assert_eq!(duration(text), Ok(millis), "{text}");
        }
        for wrong in ["", "P", "PT", "5m", "P1H", "PT1D", "PT1.5M", "P1DT", "PTS", "PT1S1H", "PTxS"]
        {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
