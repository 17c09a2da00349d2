//! The screen.

use ottla_actors::client::ClientError;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, Paragraph, Row, Table};

use super::rates::{View, shown};

/// What stands above the tables.
pub(super) struct Title<'a> {
    pub(super) bootstrap: &'a str,
    pub(super) interval: f64,
    pub(super) paused: bool,
    pub(super) trouble: Option<&'a ClientError>,
}

impl Title<'_> {
    fn lines(&self, view: &View) -> [String; 2] {
        let first = format!(
            "ottla top · {} · {} records/s in · {} records/s out · {} offline partitions",
            self.bootstrap,
            shown(view.produced),
            shown(view.consumed),
            view.offline
        );
        let second = match (self.trouble, self.paused) {
            (Some(error), _) => format!("{error}; trying again"),
            (None, true) => "paused · space goes on · q quits".to_owned(),
            (None, false) => format!("every {} s · space pauses · q quits", self.interval),
        };
        [first, second]
    }
}

/// Draws everything.
pub(super) fn draw(frame: &mut Frame<'_>, title: &Title<'_>, view: &View) {
    let parts = Layout::vertical([
        Constraint::Length(2),
        Constraint::Fill(1),
        Constraint::Fill(1),
        Constraint::Fill(1),
    ]);
    let [head, topics, groups, partitions] = parts.areas(frame.area());
    let [first, second] = title.lines(view);
    let first = Line::styled(first, Style::new().add_modifier(Modifier::BOLD));
    frame.render_widget(Paragraph::new(vec![first, Line::raw(second)]), head);

    let rows = view.topics.iter().map(|row| {
        let numbers = [row.partitions.to_string(), shown(row.produced), shown(row.consumed)];
        cells(&row.name, &numbers)
    });
    table(frame, topics, "topics", &["topic", "partitions", "in/s", "out/s"], rows.collect());
    let rows = view.groups.iter().map(|row| {
        let numbers =
            [row.state.clone(), row.lag.to_string(), shown(row.consumed), row.until_shown()];
        cells(&row.name, &numbers)
    });
    let titles = ["group", "state", "lag", "out/s", "done in"];
    table(frame, groups, "groups", &titles, rows.collect());
    let rows = view
        .partitions
        .iter()
        .map(|row| cells(&row.name, &[shown(row.produced), row.end.to_string()]));
    let titles = ["partition", "in/s", "end"];
    table(frame, partitions, "busiest partitions", &titles, rows.collect());
}

fn cells(name: &str, numbers: &[String]) -> Vec<String> {
    std::iter::once(name.to_owned()).chain(numbers.iter().map(|n| format!("{n:>14}"))).collect()
}

fn table(
    frame: &mut Frame<'_>,
    area: Rect,
    title: &'static str,
    titles: &[&str],
    rows: Vec<Vec<String>>,
) {
    let mut widths = vec![Constraint::Fill(1)];
    widths.extend(titles.iter().skip(1).map(|_| Constraint::Length(20)));
    let header = titles.iter().enumerate().map(|(place, title)| match place {
        0 => (*title).to_owned(),
        _ => format!("{title:>14}"),
    });
    let header = Row::new(header.collect::<Vec<_>>());
    let header = header.style(Style::new().add_modifier(Modifier::REVERSED));
    // what does not fit on the screen is less busy than what does
    let room = usize::from(area.height);
    let rows = rows.into_iter().take(room).map(Row::new).collect::<Vec<_>>();
    let table = Table::new(rows, widths).header(header).block(Block::bordered().title(title));
    frame.render_widget(table, area);
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::super::rates::{GroupRow, PartitionRow, TopicRow};
    use super::*;

    fn screen(width: u16, height: u16, title: &Title<'_>) -> String {
        let view = View {
            produced: 1_500.0,
            topics: vec![TopicRow {
                name: "orders".to_owned(),
                partitions: 3,
                ..Default::default()
            }],
            groups: vec![GroupRow { name: "billing".to_owned(), lag: 42, ..Default::default() }],
            partitions: vec![PartitionRow { name: "orders-2".to_owned(), ..Default::default() }],
            ..View::default()
        };
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
        terminal.draw(|frame| draw(frame, title, &view)).expect("drawn");
        terminal.backend().to_string()
    }

    #[test]
    fn the_screen_shows_rates_lag_and_partitions() {
        let title =
            Title { bootstrap: "localhost:9092", interval: 1.0, paused: false, trouble: None };
        let drawn = screen(120, 30, &title);
        for part in ["1.5k records/s in", "orders", "billing", "42", "orders-2", "q quits"] {
            assert!(drawn.contains(part), "{part} is not on the screen\n{drawn}");
        }
        let trouble = ClientError::TimedOut;
        let title = Title { trouble: Some(&trouble), ..title };
        assert!(screen(120, 30, &title).contains("trying again"));
        // too small for anything: no panic
        screen(3, 2, &title);
        screen(1, 1, &title);
    }
}
