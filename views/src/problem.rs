//! What went wrong, as pages say it. Programs are told in English; the problems that a person meets on a page without script
//! are said in the page's language: of the script's there are more, in its own catalogs.

use crate::language::{key, tr};

/// Titles of the pages that say so.
pub const TITLES: [&str; 10] = [
    key("Bad Request"),
    key("Unauthorized"),
    key("Forbidden"),
    key("Not Found"),
    key("Conflict"),
    key("Gone"),
    key("Unprocessable Entity"),
    key("Too Many Requests"),
    key("Internal Server Error"),
    key("Service Unavailable"),
];

/// As SQL and the server say them.
pub const DETAILS: [&str; 26] = [
    key("There is nothing at this address."),
    key("Something went wrong here; it has been logged."),
    key("The database can not be reached at the moment; try again."),
    key("You send faster than is allowed here; wait a moment."),
    key("Too many have tried to come in from your address. Wait a minute."),
    key("Guests are not allowed here."),
    key("Nobody signs up here by a password: AUTH does not have it."),
    key("The username or the password is wrong."),
    key("name: must have at least one character that is not a space."),
    key("name: must have at most 80 characters."),
    key("username: must have at least one character."),
    key("username: must have 1 to 60 characters and no spaces."),
    key("username: another user has it."),
    key("password: must have at least 8 characters."),
    key("password: must have at most 200 characters."),
    key("conversation_id: there is no such conversation."),
    key("You are not a member of this conversation."),
    key("There is no such user."),
    key("There is no such link."),
    key("This link has expired."),
    key("This link has been revoked."),
    key("This link has been used as often as it can be."),
    key("You were removed, and links from before do not let you in again."),
    key("This conversation is closed."),
    key("message_id: there is no such message."),
    key("user_id: there is no such user."),
];

/// A problem's detail, for who sees a page: in their language, and without the name of a field, which means nothing to them.
pub(crate) fn detail(detail: &str) -> String {
    without_field(tr(detail))
}

/// A detail begins with the field that it is about.
fn without_field(detail: &str) -> String {
    let is_field = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let said = match detail.split_once(": ") {
        Some((field, rest)) if is_field(field) => rest,
        _ => detail,
    };
    let mut letters = said.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_left_out_and_a_sentence_with_a_colon_is_not() {
        assert_eq!(detail("name: is bad."), "Is bad.");
        assert_eq!(detail("Sorry: it is broken."), "Sorry: it is broken.");
    }
}
