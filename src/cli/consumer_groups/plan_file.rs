//! The CSV files of `--from-file` and `--export`: `topic,partition,offset`, or with the group in
//! front where there are several.

use ottla_core::base::TopicPartition;

use super::print::NewOffset;

/// Text of more characters is quoted without a look at it, as Jackson does.
const ALWAYS_QUOTED: usize = 24;

/// What a file says for each group, in the order of its lines.
pub(super) type Plan = Vec<(String, Vec<NewOffset>)>;

/// Reads a file; `only` is the group if the command names exactly one.
///
/// # Errors
/// A line is not of the form, in the words of the tool.
pub(super) fn read(text: &str, only: Option<&str>) -> Result<Plan, String> {
    let mut lines: Vec<&str> = text.split('\n').collect();
    while lines.len() > 1 && lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    let first = lines.first().copied().unwrap_or_default();
    let mut plan = Plan::new();
    // the form without a group counts if the first line has it
    if let (Some(group), Ok(_)) = (only, without_group(&cells(first)?)) {
        for line in lines {
            let (partition, offset) = without_group(&cells(line)?)?;
            put(&mut plan, group.to_owned(), partition, offset);
        }
        return Ok(plan);
    }
    for line in lines {
        let cells = cells(line)?;
        let (group, rest) = cells.split_first().ok_or("No content to map due to end-of-input")?;
        let (partition, offset) = without_group(rest)?;
        put(&mut plan, group.clone(), partition, offset);
    }
    Ok(plan)
}

fn put(plan: &mut Plan, group: String, partition: TopicPartition, offset: i64) {
    let place = plan.iter().position(|(known, _)| *known == group).unwrap_or_else(|| {
        plan.push((group, Vec::new()));
        plan.len() - 1
    });
    let Some((_, offsets)) = plan.get_mut(place) else { return };
    match offsets.iter_mut().find(|(known, _)| *known == partition) {
        Some((_, known)) => *known = offset,
        None => offsets.push((partition, offset)),
    }
}

/// `topic,partition,offset`; what is missing at the end is 0.
fn without_group(cells: &[String]) -> Result<(TopicPartition, i64), String> {
    let [topic, rest @ ..] = cells else {
        return Err("No content to map due to end-of-input".to_owned());
    };
    if let Some(extra) = rest.get(2) {
        return Err(format!(
            "Too many entries: expected at most 3 (value #3 ({} chars) \"{extra}\")",
            extra.len()
        ));
    }
    let partition = number(rest.first(), "int")?;
    let offset = number(rest.get(1), "long")?;
    let wrong = || not_a("int", &partition.to_string());
    Ok((
        TopicPartition::new(topic.as_str(), i32::try_from(partition).map_err(|_| wrong())?),
        offset,
    ))
}

fn number(cell: Option<&String>, kind: &str) -> Result<i64, String> {
    match cell.map(|cell| cell.trim()) {
        None | Some("") => Ok(0),
        Some(text) => text.parse().map_err(|_| not_a(kind, text)),
    }
}

fn not_a(kind: &str, text: &str) -> String {
    format!(
        "Cannot deserialize value of type `{kind}` from String \"{text}\": not a valid `{kind}` \
         value"
    )
}

/// The cells of a line; a cell may be in quotes, in which a quote stands twice.
fn cells(line: &str) -> Result<Vec<String>, String> {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let mut cells = Vec::new();
    if line.is_empty() {
        return Ok(cells);
    }
    let mut rest = line;
    loop {
        let trimmed = rest.trim_start();
        let after = match trimmed.strip_prefix('"') {
            Some(quoted) => {
                let (cell, after) = quoted_cell(quoted)?;
                cells.push(cell);
                after
            }
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (cell, after) = rest.split_at(end);
                cells.push(cell.to_owned());
                after
            }
        };
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => return Ok(cells),
        }
    }
}

fn quoted_cell(mut rest: &str) -> Result<(String, &str), String> {
    let mut cell = String::new();
    loop {
        let end = rest.find('"').ok_or("Missing closing quote for value")?;
        let (piece, after) = rest.split_at(end);
        cell.push_str(piece);
        let after = after.get(1..).unwrap_or_default();
        match after.strip_prefix('"') {
            Some(more) => {
                cell.push('"');
                rest = more;
            }
            None => return Ok((cell, after.trim_start())),
        }
    }
}

/// The lines that `--export` prints, each with its end.
pub(super) fn write(groups: &[(String, Vec<NewOffset>)], with_group: bool) -> String {
    let mut text = String::new();
    for (group, offsets) in groups {
        for (at, offset) in offsets {
            if with_group {
                text.push_str(&format!("{},", quoted(group)));
            }
            text.push_str(&format!("{},{},{offset}\n", quoted(&at.topic), at.partition));
        }
    }
    text
}

/// In quotes where Jackson's loose rule wants them: long text, and any character up to the comma.
fn quoted(text: &str) -> String {
    let needs = text.chars().count() > ALWAYS_QUOTED || text.chars().any(|c| c <= ',');
    if needs { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(topic: &str, partition: i32) -> TopicPartition {
        TopicPartition::new(topic, partition)
    }

    #[test]
    fn both_forms_are_read() {
        let short = read("t1,0,1\nt1,1,0\n", Some("g")).unwrap();
        assert_eq!(short, [("g".to_owned(), vec![(at("t1", 0), 1), (at("t1", 1), 0)])]);
        let long = read("g1,t1,0,1\ng2,\"t,1\",1,0", Some("g1")).unwrap();
        assert_eq!(long[0], ("g1".to_owned(), vec![(at("t1", 0), 1)]));
        assert_eq!(long[1], ("g2".to_owned(), vec![(at("t,1", 1), 0)]));
        // with several groups, only the long form is meant
        assert!(read("t1,0,1", None).is_ok_and(|plan| plan[0].0 == "t1"));
    }

    #[test]
    fn what_is_missing_is_nothing_and_the_last_line_wins() {
        let plan = read("rubbish\n", Some("g")).unwrap();
        assert_eq!(plan, [("g".to_owned(), vec![(at("rubbish", 0), 0)])]);
        let twice = read("t,0,1\nt,0,2", Some("g")).unwrap();
        assert_eq!(twice, [("g".to_owned(), vec![(at("t", 0), 2)])]);
        // not the short form: the topic is taken for a group
        let plan = read("t1,x,1\n", Some("g")).unwrap();
        assert_eq!(plan, [("t1".to_owned(), vec![(at("x", 1), 0)])]);
    }

    #[test]
    fn wrong_lines_are_refused() {
        let wrong = read("t1,0,1\nt1,x,1\n", Some("g")).unwrap_err();
        assert!(wrong.contains("not a valid `int` value"), "{wrong}");
        assert!(read("g,t,0,1,2\n", Some("g")).is_err());
        assert!(read("\"t,0,1\n", Some("g")).is_err());
        assert!(read("", Some("g")).is_err());
        assert!(read("g,t,99999999999,1\n", None).is_err());
    }

    #[test]
    fn what_is_written_is_read_again() {
        let offsets = vec![(at("a.long_topic_name_for_width", 0), 0), (at("t1", 2), 7)];
        let groups = [("my group".to_owned(), offsets)];
        assert_eq!(write(&groups, false), "\"a.long_topic_name_for_width\",0,0\nt1,2,7\n");
        let long = write(&groups, true);
        assert_eq!(long, "\"my group\",\"a.long_topic_name_for_width\",0,0\n\"my group\",t1,2,7\n");
        assert_eq!(read(&long, Some("my group")).unwrap(), groups);
    }
}
