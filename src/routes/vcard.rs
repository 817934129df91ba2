//! Contacts as files that telephones and mail programs take: vCard 3.0 (RFC 2426), which all of them read.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{CONTENT_DISPOSITION, HeaderValue};
use serde::Deserialize;

use super::http::{self, Response};
use super::{Asked, Site, require_session, schema};
use crate::media::content_disposition;
use crate::problem::Problem;

/// A line has at most so many bytes, and goes on in the next one after a space.
const LINE_BYTES_MAX: usize = 75;

/// As far as it is about a contact.
#[derive(Deserialize)]
struct Message {
    kind: String,
    data: Option<Contact>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Contact {
    name: Option<String>,
    phones: Vec<String>,
    emails: Vec<String>,
    organization: Option<String>,
    url: Option<String>,
    user_id: Option<uuid::Uuid>,
}

#[derive(Deserialize)]
struct User {
    name: String,
}

#[utoipa::path(
    get,
    path = "/api/messages/{message}/vcard",
    tag = "messages",
    summary = "Downloads the contact that a message shows, as a vCard",
    description = "Members.",
    params(schema::OfMessage),
    responses(
        (status = 200, description = "A vCard 3.0", content_type = "text/vcard", body = String),
    ),
    extensions(("x-codes" = json!(["not_a_member", "message_not_found", "no_contact"]))),
)]
pub async fn download(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("message")?;
    let json = site.database.read_message(session.user_id, id).await?;
    let message: Option<Message> = serde_json::from_str(&json).ok();
    let contact = message
        .filter(|message| message.kind == "contact")
        .and_then(|message| message.data);
    let Some(mut contact) = contact else {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "no_contact",
            "message_id: this message shows no contact.",
        ));
    };
    if let (None, Some(user)) = (&contact.name, contact.user_id) {
        let user = site.database.read_user(user).await?;
        contact.name = user
            .and_then(|user| serde_json::from_str::<User>(&user).ok())
            .map(|user| user.name);
    }
    let name = contact.name.as_deref().unwrap_or("Contact");
    let file = content_disposition(&format!("{name}.vcf"), false);
    let mut response = http::respond(
        StatusCode::OK,
        "text/vcard; charset=utf-8",
        vcard(name, &contact),
    );
    if let Ok(value) = HeaderValue::from_str(&file) {
        response.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

fn vcard(name: &str, contact: &Contact) -> String {
    let mut card = String::from("BEGIN:VCARD\r\nVERSION:3.0\r\n");
    // The family name is not told from the others: which is which differs by people.
    property(&mut card, "N", &format!(";{};;;", escaped(name)));
    property(&mut card, "FN", &escaped(name));
    for phone in &contact.phones {
        property(&mut card, "TEL", &escaped(phone));
    }
    for email in &contact.emails {
        property(&mut card, "EMAIL;TYPE=INTERNET", &escaped(email));
    }
    if let Some(organization) = &contact.organization {
        property(&mut card, "ORG", &escaped(organization));
    }
    if let Some(url) = &contact.url {
        property(&mut card, "URL", &escaped(url));
    }
    card.push_str("END:VCARD\r\n");
    card
}

/// What somebody wrote never ends its line or its part of it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | ',' | ';' => escaped.extend(['\\', character]),
            '\n' => escaped.push_str("\\n"),
            character if character.is_control() => {}
            character => escaped.push(character),
        }
    }
    escaped
}

fn property(card: &mut String, name: &str, value: &str) {
    let line = format!("{name}:{value}");
    let mut length = 0;
    for character in line.chars() {
        if length + character.len_utf8() > LINE_BYTES_MAX {
            card.push_str("\r\n ");
            length = 1;
        }
        card.push(character);
        length += character.len_utf8();
    }
    card.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_in_a_contact_stays_in_its_property() {
        let contact = Contact {
            phones: vec!["+44 20 1".to_owned()],
            emails: vec!["ada@example.com\r\nTEL:+1".to_owned()],
            organization: Some("Babbage; Sons, \\ Co".to_owned()),
            ..Contact::default()
        };
        assert_eq!(
            vcard("Ada\nLovelace", &contact),
            "BEGIN:VCARD\r\nVERSION:3.0\r\nN:;Ada\\nLovelace;;;\r\nFN:Ada\\nLovelace\r\nTEL:+44 20 1\r\n\
             EMAIL;TYPE=INTERNET:ada@example.com\\nTEL:+1\r\nORG:Babbage\\; Sons\\, \\\\ Co\r\nEND:VCARD\r\n"
        );
    }

    #[test]
    fn a_long_line_is_folded_between_characters() {
        let name = "Ä".repeat(120);
        let card = vcard(&name, &Contact::default());
        assert!(card.split("\r\n").all(|line| line.len() <= LINE_BYTES_MAX));
        assert!(
            card.replace("\r\n ", "")
                .contains(&format!("FN:{name}\r\n"))
        );
    }
}
