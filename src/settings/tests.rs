//! The settings as a whole; the reading of single values is tested beside it.

#![allow(clippy::unwrap_used)]

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::dotenv::is_name_byte;
use super::*;

pub(super) fn settings(vars: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::from_vars(|name| {
        vars.iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    })
}

pub(super) fn error(vars: &[(&str, &str)]) -> String {
    let line = settings(vars).unwrap_err().to_string();
    assert!(!line.contains('\n'), "one line: {line}");
    line
}

#[test]
fn nothing_set_runs_a_private_database_on_loopback_for_guests() {
    let settings = settings(&[]).unwrap();
    assert_eq!(
        settings.database,
        DatabaseSetting::Private {
            data_dir: "./data".into()
        }
    );
    assert_eq!(settings.host.to_string(), "127.0.0.1");
    assert_eq!(settings.port, 8000);
    assert_eq!(settings.auth, [AuthMode::Guest]);
    assert_eq!(settings.max_file_size_bytes, 104_857_600);
    assert!(settings.migrate_at_start);
    assert!(settings.warnings.is_empty());
}

#[test]
fn an_empty_value_counts_as_unset() {
    let settings = settings(&[("PORT", ""), ("DATABASE_URL", " "), ("HOST", "")]).unwrap();
    assert_eq!(settings.port, 8000);
    assert!(matches!(settings.database, DatabaseSetting::Private { .. }));
}

#[test]
fn a_database_url_without_auth_names_the_choices() {
    let line = error(&[("DATABASE_URL", "postgres://u:hunter2@h/d")]);
    assert!(line.starts_with("AUTH is not set"), "{line}");
    assert!(line.contains("guest, password, jwt, url, sql"), "{line}");
    assert!(!line.contains("hunter2"), "{line}");
}

#[test]
fn debug_prints_no_secret() {
    let key = "0123456789abcdef0123456789abcdef";
    let settings = settings(&[
        ("SECRET_KEY", key),
        ("DATABASE_URL", "postgres://u:hunter2@h/d"),
        ("AUTH", "guest"),
    ])
    .unwrap();
    let printed = format!("{settings:?} {:?}", settings.database);
    assert_eq!(settings.secret_key.as_deref(), Some(key));
    assert!(!printed.contains(key));
    assert!(!printed.contains("hunter2"));
}

#[test]
fn ignored_settings_are_warned_of() {
    let settings = settings(&[
        ("UPLOAD_DIR", "/srv/uploads"),
        ("DATA_DIR", "/srv/data"),
        ("DATABASE_URL", "postgres://h/d"),
        ("AUTH", "guest"),
    ])
    .unwrap();
    assert_eq!(settings.warnings.len(), 2);
    assert!(settings.warnings.iter().any(|w| w.contains("UPLOAD_DIR")));
    assert!(settings.warnings.iter().any(|w| w.contains("DATA_DIR")));
}

#[test]
fn every_setting_has_a_row_in_the_example_file() {
    let asked = RefCell::new(BTreeSet::new());
    Settings::from_vars(|name| {
        asked.borrow_mut().insert(name.to_owned());
        None
    })
    .unwrap();
    // A row may be commented out, which shows the default without setting it.
    let rows: BTreeSet<String> = include_str!("../../.env.example")
        .lines()
        .filter_map(|line| line.trim_start_matches('#').split_once('='))
        .map(|(name, _)| name.to_owned())
        .filter(|name| name.bytes().all(is_name_byte))
        .collect();
    assert_eq!(rows, asked.into_inner());
}
