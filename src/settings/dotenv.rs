//! The rows of `.env` in the working directory.

use std::collections::HashMap;

use super::SettingsError;

pub(super) fn read_dotenv() -> Result<HashMap<String, String>, SettingsError> {
    let rows = match dotenvy::from_path_iter(".env") {
        Ok(rows) => rows,
        Err(error) if error.not_found() => return Ok(HashMap::new()),
        Err(error) => {
            return Err(SettingsError::File {
                reason: error.to_string(),
            });
        }
    };
    rows.map(|row| {
        row.map_err(|error| SettingsError::File {
            reason: match error {
                dotenvy::Error::LineParse(line, _) => unreadable_row(&line),
                error => error.to_string(),
            },
        })
    })
    .collect()
}

/// Names the row without showing it, since it may hold a secret, or be the middle of one.
fn unreadable_row(line: &str) -> String {
    let row = match line.split_once('=') {
        Some((name, _)) if name.trim().bytes().all(is_name_byte) => {
            format!("the row of {}", name.trim())
        }
        _ => "a row".to_owned(),
    };
    format!("{row} is not NAME=value; a value with spaces, quotes or # needs quotes around it")
}

pub(super) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte == b'_'
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_the_file_that_cannot_be_read_is_named_and_not_shown() {
        assert!(unreadable_row("SECRET_KEY=\"hunter2").starts_with("the row of SECRET_KEY is"));
        for line in ["hunter2", "hunter2==", "HUNTER 2=\"x"] {
            assert!(unreadable_row(line).starts_with("a row is"), "{line}");
        }
    }
}
