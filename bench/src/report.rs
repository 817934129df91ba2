//! What was measured, as a table: for people as plain text, for README as Markdown.

use std::fmt::Write;

use crate::machine::Usage;

/// Whose figure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Webchat,
    Peer,
    /// What PostgreSQL alone does on this machine.
    Limit,
}

const COLUMNS: usize = 3;

/// Cores that others may use: what the kernel does for our own sockets and disks is among it, and where processes take
/// many short turns the kernel's two ways of counting, by ticks and by turns, differ by a third of a core.
const ELSEWHERE_MAX: f64 = 0.4;

struct Row {
    section: String,
    figure: String,
    values: [Option<f64>; COLUMNS],
}

struct Share {
    what: String,
    column: Column,
    usage: Usage,
}

#[derive(Default)]
pub struct Report {
    machine: String,
    rows: Vec<Row>,
    shares: Vec<Share>,
    notes: Vec<String>,
    faults: Vec<String>,
}

impl Column {
    fn name(self) -> &'static str {
        match self {
            Self::Webchat => "webchat",
            Self::Peer => "peer",
            Self::Limit => "limit",
        }
    }
}

impl Report {
    /// Of what that machine did, described in a line.
    pub fn of(machine: String) -> Self {
        Self {
            machine,
            ..Self::default()
        }
    }

    /// Adds a figure, which ends with its unit. Those of the same name stand in one row.
    pub fn figure(&mut self, section: &str, figure: &str, column: Column, value: f64) {
        eprintln!("  {:8} {figure}: {}", column.name(), number(value));
        let found = self
            .rows
            .iter_mut()
            .find(|row| row.section == section && row.figure == figure);
        if let Some(row) = found {
            row.values[column as usize] = Some(value);
            return;
        }
        let mut values = [None; COLUMNS];
        values[column as usize] = Some(value);
        // Sections stay together, in the order in which they began.
        let place = self
            .rows
            .iter()
            .rposition(|row| row.section == section)
            .map_or(self.rows.len(), |last| last + 1);
        self.rows.insert(
            place,
            Row {
                section: section.to_owned(),
                figure: figure.to_owned(),
                values,
            },
        );
    }

    /// The same, of a figure that there may not be.
    pub fn figure_if(&mut self, section: &str, figure: &str, column: Column, value: Option<f64>) {
        if let Some(value) = value {
            self.figure(section, figure, column, value);
        }
    }

    /// Who used how many cores while `what` was measured.
    pub fn usage(&mut self, what: &str, column: Column, usage: Usage) {
        if usage.is_generator_the_limit() {
            self.note(format!(
                "{what} ({}): the generator used more than what it measured, or all of a core; it may be the limit",
                column.name()
            ));
        }
        if usage.elsewhere > ELSEWHERE_MAX {
            self.note(format!(
                "{what} ({}): something else used {:.1} cores meanwhile; measure again on a machine at rest",
                column.name(),
                usage.elsewhere
            ));
        }
        self.shares.push(Share {
            what: what.to_owned(),
            column,
            usage,
        });
    }

    pub fn note(&mut self, note: String) {
        eprintln!("  note: {note}");
        self.notes.push(note);
    }

    /// Something that must not happen; the bench then fails.
    pub fn fault(&mut self, what: &str, fault: &str) {
        eprintln!("  WRONG: {what}: {fault}");
        self.faults.push(format!("{what}: {fault}"));
    }

    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }

    fn has(&self, column: Column) -> bool {
        self.rows
            .iter()
            .any(|row| row.values[column as usize].is_some())
    }

    fn tables(&self) -> [Table; 2] {
        let mut head = vec!["".to_owned(), "webchat".to_owned()];
        for other in [Column::Peer, Column::Limit] {
            if self.has(other) {
                head.push(other.name().to_owned());
                head.push(format!("webchat / {}", other.name()));
            }
        }
        let mut figures = Table::new(head);
        let mut section = "";
        for row in &self.rows {
            if row.section != section {
                section = &row.section;
                figures.lines.push(vec![format!("**{section}**")]);
            }
            let own = row.values[Column::Webchat as usize];
            let mut cells = vec![row.figure.clone(), cell(own)];
            for other in [Column::Peer, Column::Limit] {
                if self.has(other) {
                    let value = row.values[other as usize];
                    cells.push(cell(value));
                    let ratio = own.zip(value).filter(|(_, value)| *value > 0.0);
                    cells.push(ratio.map_or_else(String::new, |(own, value)| {
                        format!("{} ×", number(own / value))
                    }));
                }
            }
            figures.lines.push(cells);
        }

        let head = [
            "cores used",
            "of",
            "server",
            "PostgreSQL",
            "generator",
            "its busiest thread",
            "elsewhere",
        ];
        let mut shares = Table::new(head.map(str::to_owned).into());
        for Share {
            what,
            column,
            usage,
        } in &self.shares
        {
            let share = |cores: f64| format!("{cores:.2}");
            shares.lines.push(vec![
                what.clone(),
                column.name().to_owned(),
                share(usage.server),
                usage.postgres.map_or_else(|| "?".to_owned(), share),
                share(usage.generator),
                share(usage.generator_thread),
                share(usage.elsewhere),
            ]);
        }
        [figures, shares]
    }

    pub fn text(&self) -> String {
        self.render(Table::text)
    }

    pub fn markdown(&self) -> String {
        self.render(Table::markdown)
    }

    fn render(&self, table: fn(&Table) -> String) -> String {
        let mut out = format!("{}\n\n", self.machine);
        for table in self
            .tables()
            .iter()
            .filter(|table| !table.lines.is_empty())
            .map(table)
        {
            out.push_str(&table);
            out.push('\n');
        }
        for (title, lines) in [("Notes", &self.notes), ("WRONG", &self.faults)] {
            if !lines.is_empty() {
                line(&mut out, format_args!("{title}:\n"));
                for text in lines {
                    line(&mut out, format_args!("- {text}"));
                }
                out.push('\n');
            }
        }
        out
    }
}

struct Table {
    head: Vec<String>,
    /// A line of one cell is the title of those below it.
    lines: Vec<Vec<String>>,
}

impl Table {
    fn new(head: Vec<String>) -> Self {
        Self {
            head,
            lines: Vec::new(),
        }
    }

    fn text(&self) -> String {
        let columns = self.head.len();
        let width = |column: usize| {
            self.lines
                .iter()
                .filter(|line| line.len() > 1)
                .chain([&self.head])
                .filter_map(|line| Some(line.get(column)?.chars().count()))
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut out = String::new();
        for cells in [&self.head].into_iter().chain(&self.lines) {
            if let [title] = cells.as_slice() {
                line(&mut out, format_args!("{}", title.replace('*', "")));
                continue;
            }
            let mut text = String::new();
            for (column, (cell, width)) in cells.iter().zip(&widths).enumerate() {
                let gap = " ".repeat(width - cell.chars().count());
                // What stands first is text, the rest are numbers.
                let (before, after) = if column == 0 {
                    ("", gap.as_str())
                } else {
                    (gap.as_str(), "")
                };
                text.push_str(&format!("{before}{cell}{after}  "));
            }
            line(&mut out, format_args!("  {}", text.trim_end()));
        }
        out
    }

    fn markdown(&self) -> String {
        let mut out = String::new();
        line(&mut out, format_args!("| {} |", self.head.join(" | ")));
        let rules: Vec<&str> = (0..self.head.len())
            .map(|column| if column == 0 { "---" } else { "---:" })
            .collect();
        line(&mut out, format_args!("| {} |", rules.join(" | ")));
        for cells in &self.lines {
            let mut cells = cells.clone();
            cells.resize(self.head.len(), String::new());
            line(&mut out, format_args!("| {} |", cells.join(" | ")));
        }
        out
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    if writeln!(out, "{text}").is_err() {
        unreachable!("writing to a string does not fail");
    }
}

fn cell(value: Option<f64>) -> String {
    value.map_or_else(String::new, number)
}

/// Three digits that matter, and thousands apart.
fn number(value: f64) -> String {
    let decimals = match value.abs() {
        large if large >= 100.0 => 0,
        middle if middle >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, format!(".{fraction}")),
        None => (text.as_str(), String::new()),
    };
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 && digit != '-' && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + &fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_that_matter() {
        for (value, text) in [
            (0.123, "0.12"),
            (12.34, "12.3"),
            (999.9, "1,000"),
            (1_234_567.0, "1,234,567"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_ratio_stands_where_both_figures_are_known() {
        let mut report = Report::default();
        report.figure("Pairs", "stored/s", Column::Webchat, 9_000.0);
        report.figure("Pairs", "stored/s", Column::Peer, 3_000.0);
        report.figure("Pairs", "latency ms", Column::Webchat, 2.0);
        let markdown = report.markdown();
        assert!(
            markdown.contains("| stored/s | 9,000 | 3,000 | 3.00 × |"),
            "{markdown}"
        );
        assert!(
            markdown.contains("| latency ms | 2.00 |  |  |"),
            "{markdown}"
        );
    }
}
