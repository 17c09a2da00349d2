//! `meta.properties`: which broker of which cluster a log directory belongs to.
//!
//! ```text
//! #
//! #Sat Nov 21 04:40:30 UTC 2026
//! cluster.id=_kEcQe8aRgTnBkpKyQG8VQ
//! directory.id=VURcqOoeqq2F53ZYKZhb3Q
//! node.id=1
//! version=1
//! ```
//!
//! Version 0, from the time of ZooKeeper, has `broker.id` for `node.id` and no `directory.id`.

use std::path::Path;

use uuid::Uuid;

use super::{Owner, layout};
use crate::storage::{Disk, StorageError};

const FILE: &str = "meta.properties";
const MAX_FILE: usize = 64 << 10;
/// base64 with the alphabet for names and addresses (RFC 4648 section 5), as `Uuid.toString` uses.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Whose a log directory is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaProperties {
    /// `cluster.id`.
    pub cluster_id: String,
    /// `node.id`, or `broker.id` of version 0.
    pub node_id: i32,
    /// `directory.id` (KIP-858); nil in version 0.
    pub directory_id: Uuid,
}

/// A UUID as Kafka writes it: 22 characters of base64.
#[must_use]
pub fn base64_uuid(id: Uuid) -> String {
    // 128 bits are 21 digits of 6 bits and one of 2, which stands at the top of its digit
    let bits = id.as_u128();
    (0..22)
        .map(|digit| {
            let value = match 128_u32.checked_sub(6 * (digit + 1)) {
                Some(shift) => bits >> shift,
                None => bits << 4,
            };
            let at = usize::try_from(value & 0x3f).unwrap_or(0);
            char::from(ALPHABET.get(at).copied().unwrap_or(b'A'))
        })
        .collect()
}

/// Reads a UUID as Kafka writes it.
#[must_use]
pub fn parse_base64_uuid(text: &str) -> Option<Uuid> {
    let text = text.trim_end_matches('=');
    if text.len() != 22 {
        return None;
    }
    let mut bits: u128 = 0;
    for (at, byte) in text.bytes().enumerate() {
        let value = ALPHABET.iter().position(|letter| *letter == byte)?;
        let value = u128::try_from(value).ok()?;
        bits = if at < 21 { (bits << 6) | value } else { (bits << 2) | (value >> 4) };
    }
    Some(Uuid::from_u128(bits))
}

/// Reads the file; `None` if there is none.
pub(super) fn load(disk: &dyn Disk, dir: &Path) -> Result<Option<MetaProperties>, StorageError> {
    let path = dir.join(FILE);
    let lines = layout::read_lines(disk, &path, MAX_FILE)?;
    if lines.is_empty() {
        return Ok(None);
    }
    let find = |key: &str| {
        lines.iter().enumerate().find_map(|(at, line)| {
            let (name, value) = line.split_once('=')?;
            // java.util.Properties writes a colon or an equals sign in a value as \: and \=
            (name.trim() == key).then(|| (at + 1, value.trim().replace('\\', "")))
        })
    };
    let malformed = |line, expected| StorageError::Malformed { path: path.clone(), line, expected };
    let (id_key, expected) = match find("version") {
        Some((_, version)) if version == "1" => ("node.id", "node.id= and a number"),
        Some((_, version)) if version == "0" => ("broker.id", "broker.id= and a number"),
        Some((line, _)) => return Err(malformed(line, "version=0 or version=1")),
        None => return Err(malformed(lines.len(), "version=1")),
    };
    let (line, id) = find(id_key).ok_or_else(|| malformed(lines.len(), expected))?;
    let node_id = id.parse().map_err(|_| malformed(line, expected))?;
    let (_, cluster_id) =
        find("cluster.id").ok_or_else(|| malformed(lines.len(), "cluster.id="))?;
    let directory_id = match find("directory.id") {
        Some((line, id)) => parse_base64_uuid(&id)
            .ok_or_else(|| malformed(line, "directory.id= and an id in base64"))?,
        None => Uuid::nil(),
    };
    Ok(Some(MetaProperties { cluster_id, node_id, directory_id }))
}

/// Reads the file and checks that it names `owner`; writes one if there is none, or if it has no
/// `directory.id` yet.
pub(super) fn load_or_create(
    disk: &dyn Disk,
    dir: &Path,
    owner: &Owner,
    fresh_id: Uuid,
    wall_ms: i64,
) -> Result<MetaProperties, StorageError> {
    let found = load(disk, dir)?;
    if let Some(meta) = &found {
        let wrong = |key, found: String, expected: String| StorageError::WrongOwner {
            path: dir.join(FILE),
            key,
            found,
            expected,
        };
        if meta.cluster_id != owner.cluster_id {
            let expected = owner.cluster_id.clone();
            return Err(wrong("cluster.id", meta.cluster_id.clone(), expected));
        }
        if meta.node_id != owner.node_id {
            let expected = owner.node_id.to_string();
            return Err(wrong("node.id", meta.node_id.to_string(), expected));
        }
        if !meta.directory_id.is_nil() {
            return Ok(meta.clone());
        }
    }
    let meta = MetaProperties {
        cluster_id: owner.cluster_id.clone(),
        node_id: owner.node_id,
        directory_id: fresh_id,
    };
    let text = format!(
        "#\n#{}\ncluster.id={}\ndirectory.id={}\nnode.id={}\nversion=1\n",
        java_date(wall_ms),
        meta.cluster_id,
        base64_uuid(meta.directory_id),
        meta.node_id
    );
    layout::write_atomically(disk, &dir.join(FILE), text.as_bytes())?;
    Ok(meta)
}

/// A moment as `java.util.Date` prints it, in UTC: `Sat Nov 21 04:40:30 UTC 2026`.
fn java_date(wall_ms: i64) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let seconds = wall_ms.div_euclid(1000);
    let (days, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // days since 1 March of year 0, in eras of 400 years: leap days then fall at a year's end
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = (month + 2) % 12;
    let year = era * 400 + year_of_era + i64::from(month < 2);
    let name = |names: &[&'static str], at: i64| {
        usize::try_from(at).ok().and_then(|at| names.get(at).copied()).unwrap_or("???")
    };
    format!(
        "{} {} {day:02} {:02}:{:02}:{:02} UTC {year}",
        name(&DAYS, days.rem_euclid(7)),
        name(&MONTHS, month),
        time / 3600,
        time / 60 % 60,
        time % 60
    )
}

#[cfg(test)]
#[path = "meta_tests.rs"]
mod tests;
